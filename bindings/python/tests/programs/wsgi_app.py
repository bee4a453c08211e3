"""A web application with one client, made when it is loaded: with --preload, before the workers are forked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from boomi_auth import Client
from programs import workers

CLIENT = Client.from_env(requests_per_second=0)
# The connection and the token that the workers find are the parent's.
LOADED_IN = os.getpid()
assert workers.gets_its_own_answers(CLIENT, "parent", 2) and CLIENT.token()


def app(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    who = environ["PATH_INFO"].strip("/")
    good = workers.gets_its_own_answers(CLIENT, who, 3) and bool(CLIENT.generate_jwt().jwt)
    token = CLIENT.token()
    about = {"pid": os.getpid(), "loaded_in": LOADED_IN, "good": good, "expires_at": token.expires_at}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(about).encode()]
