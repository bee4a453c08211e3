"""All rows of a query, over all its pages, as a pandas frame."""

import boomi_auth
import pandas

with boomi_auth.Client.from_env() as client:
    # In a filter: client.query("Process", {"operator": "LIKE", "property": "name", "argument": ["Orders%"]})
    frame = pandas.DataFrame(client.query("Process"))

print(frame.drop(columns="@type").head())
print(f"{len(frame)} rows")
