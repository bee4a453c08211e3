"""Keeps httpx and asyncio: the client gives the JWT, and renews it."""

import asyncio
import os
import ssl

import boomi_auth
import httpx
from boomi_auth.httpx import BoomiAuth


async def main() -> None:
    with boomi_auth.Client.from_env() as client:
        about = client.describe()
        trusted = ssl.create_default_context(cafile=os.environ.get("BOOMI_CA_FILE"))
        async with httpx.AsyncClient(auth=BoomiAuth(client, "jwt"), base_url=about["base_url"], verify=trusted) as http:
            answer = await http.post("/graphql", json={"query": "{ organizations { id name } }"})
            print(answer.raise_for_status().json()["data"])


asyncio.run(main())
