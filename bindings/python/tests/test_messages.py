"""The core's messages name what its C and Rust users call; here they name what is called in Python."""

from __future__ import annotations

import re
from pathlib import Path

import boomi_auth
import pytest
from boomi_auth._errors import _IN_PYTHON

CORE = Path(__file__).parents[3] / "src"


def texts_of_the_core() -> str:
    """The sources without comments, each string in one line."""
    files = [path for path in CORE.rglob("*.rs") if "capi" not in str(path) and path.name != "tests.rs"]
    # What follows are tests of the file's own.
    codes = [path.read_text().split("\nmod tests {")[0] for path in files]
    lines = (line for code in codes for line in code.splitlines() if not line.strip().startswith("//"))
    return re.sub(r"\\\n\s*", "", "\n".join(lines))


def test_each_name_is_said_by_the_core_and_none_is_left() -> None:
    texts = texts_of_the_core()
    for theirs in _IN_PYTHON:
        assert theirs in texts, f"the core does not say {theirs!r} any more"
    for theirs, ours in _IN_PYTHON.items():
        texts = texts.replace(theirs, ours)
    left = re.findall(r'".*(?:boomi_(?:client|config|request|authorization|credentials)_\w+|BOOMI_AUTH_\w+).*"', texts)
    assert left == []


def test_an_exception_speaks_python() -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match="account_id="):
        boomi_auth.Client(boomi_auth.Credentials.api_token("user@example.com", "t"), proxy="").token()
    with pytest.raises(boomi_auth.ConfigurationError, match="auth=None"):
        boomi_auth.Client(proxy="").get("/x", secret_headers={"Authorization": "x"})
