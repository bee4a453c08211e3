"""For a notebook or a report of a fault: the settings in force, the guard, and the token. Never a secret."""

from pprint import pprint

import boomi_auth

with boomi_auth.Client.from_env() as client:
    pprint(client.describe())
    pprint(client.describe_guard())
    client.token()
    pprint(client.token_provider().describe())
