"""Paths, and what the emulator saw."""

from __future__ import annotations

from typing import Any

from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/account123/AuditLog/documentId-321"
GRAPHQL = "/graphql"
MUTATION = {"query": "mutation { create }"}


def sent(boomi: BoomiEmulator, path: str) -> list[tuple[str | None, int]]:
    """The scheme and status of each request to a path."""
    return [(line["scheme"], line["status"]) for line in boomi.log() if line["path"].startswith(path)]


def jwts(boomi: BoomiEmulator) -> int:
    """How many JWTs were asked for."""
    return len(sent(boomi, "/auth/jwt/generate/"))


def outlive_jwts(boomi: BoomiEmulator) -> None:
    """Each JWT so far will be refused, which the client cannot know."""
    boomi.control("clock", {"advance_s": 301})


def effects(boomi: BoomiEmulator) -> list[dict[str, Any]]:
    return boomi.control("effects")  # type: ignore[no-any-return]
