"""Chooses the class of ``client.auth()``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._auth import Auth

if TYPE_CHECKING:
    from ._native import Client, _Scheme


def auth_for(client: Client, scheme: _Scheme) -> Auth:
    """Returns an ``Auth`` for requests and niquests; where httpx is in use, one for httpx too."""
    if "httpx" in sys.modules:
        from .httpx import BoomiAuth

        return BoomiAuth(client, scheme)
    return Auth(client, scheme)
