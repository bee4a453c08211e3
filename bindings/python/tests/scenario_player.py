"""Plays a story of tests/scenarios, whose README is the format, through this package and on an emulator of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import boomi_auth
from boomi_auth import Client, Credentials, Token
from boomi_auth.pytest_plugin import BoomiEmulator
from scenario_format import (
    ERRORS,
    NOT_SAID,
    Came,
    Counts,
    Expect,
    Given,
    Json,
    Scenario,
    Scheme,
    Step,
    differs,
    seconds,
    text_of,
)

DIRECTORY = Path(__file__).resolve().parents[3] / "tests" / "scenarios"
PATHS = {"basic": "/api/rest/v1/{accountId}/AuditLog/documentId-321", "jwt": "/graphql"}
GRAPHQL_QUERY = '{"query":"{ organizations { id } }"}'


def with_a_clock(path: Path) -> bool:
    """Whether it needs the fake clock, which this package has not."""
    return bool(json.loads(path.read_text("utf-8")).get("clock"))


def read(path: Path) -> Scenario:
    """A file as a scenario; a ValueError tells what of it is not the format."""
    text = path.read_text("utf-8")
    try:
        return _scenario(path.stem, **json.loads(text))
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{path.name}: {problem}") from problem


def _scenario(
    stem: str, *, name: str, why: str, steps: list[Json], expected: Json, clock: bool = False, given: Json = None
) -> Scenario:
    if name != stem or not why.endswith(".") or not steps:
        raise ValueError("its name is another, its `why` is no sentence, or it has no step")
    return Scenario(name, Given(**given or {}), [_step(**step) for step in steps], Counts(**expected))


def _step(*, do: str, client: int | None = None, repeat: int = 1, expect: Json = None, **fields: Any) -> Step:
    text = json.dumps({"do": do} | fields | ({"expect": expect} if expect else {}))
    method = getattr(Player, f"do_{do}", None)
    if method is None:
        raise ValueError(f"no step does {do!r} without the clock")
    signature(method).bind(None, None, **fields)
    step = Step(do, fields, client, repeat, Expect(**expect or {}), text)
    if repeat < 1 or step.expect.error not in (None, *ERRORS):
        raise ValueError(f"{text}: it is never done, or expects an error that there is not")
    return step


class Player:
    """A story's clients and their server. Each ``do_...`` is a step, and its parameters are the step's fields."""

    def __init__(self, scenario: Scenario, boomi: BoomiEmulator) -> None:
        given = self.given = scenario.given
        self.scenario, self.boomi = scenario, boomi
        self.user = boomi.two_factor_user if given.otp else boomi.user
        self.callback_gives = given.credentials
        self.clients: list[Client] = []
        # Different JWTs, in the order in which they came.
        self.tokens: list[Token] = []
        boomi.control("jwt", given.jwt)
        boomi.control("clock", {"advance_s": given.server_clock_s})

    def play(self) -> None:
        """Does all steps; an AssertionError tells which went wrong, what was expected and what came."""
        file = f"{self.scenario.name}.json"
        self.do_new_client(None, self.given.credentials, self.given.kind, self.given.timeout_ms)
        for number, step in enumerate(self.scenario.steps, 1):
            for time_ in range(1, step.repeat + 1):
                problem = self.judge(step.expect, self.act(step))
                assert not problem, f"{file}: step {number}, time {time_}: {problem}\n    {step.text}"
        counts = self.counts()
        for what, expected in self.scenario.expected._asdict().items():
            problem = differs(what, expected, counts[what])
            assert not problem, f"{file}: at the end: {problem}"

    def act(self, step: Step) -> Came:
        """What comes of a step."""
        client = self.clients[(step.client or len(self.clients)) - 1]
        try:
            came: Came | None = getattr(self, f"do_{step.do}")(client, **step.fields)
        except boomi_auth.BoomiAuthError as error:
            return Came(error, error.status, error.attempts)
        return came or Came()

    def judge(self, expect: Expect, came: Came) -> str | None:
        """What is wrong with what came."""
        error = came.error
        told = f"{type(error).__name__} with the code {error.code}: {error}" if error else "success"
        if expect.error is None or error is None:
            if expect.error or error:
                return f"expected {expect.error or 'success'}, came {told}"
        elif type(error) is not ERRORS[expect.error] or error.code != list(ERRORS).index(expect.error) + 1:
            return f"expected {expect.error}, came {told}"
        after = error.retry_after if error else None
        if expect.retry_after_s is None and after is not None:
            return f"expected no retry_after, came {after} s: {told}"
        left = came.token.expires_at - time.time() if came.token else None
        number = self.number_of(came.token) if came.token else None
        exchanges = self.counts()["exchanges"] if expect.exchanges is not None else None
        return (
            differs("status", expect.status, came.status)
            or differs("attempts", expect.attempts, came.attempts)
            or differs("sent", expect.sent, error.sent if error else None)
            or differs("again", expect.again, came.again)
            or differs("retry_after_s", None if expect.retry_after_s is NOT_SAID else expect.retry_after_s, after)
            or differs("left_s", expect.left_s, left)
            or differs("token", expect.token, number)
            or differs("exchanges", expect.exchanges, exchanges)
        )

    def number_of(self, token: Token) -> int:
        """Different JWTs are numbered as they come."""
        known = [other.jwt for other in self.tokens]
        if token.jwt not in known:
            self.tokens.append(token)
            return len(self.tokens)
        self.tokens[known.index(token.jwt)] = token
        return known.index(token.jwt) + 1

    def counts(self) -> dict[str, Any]:
        """What the server counted of the user."""
        log, user = self.boomi.log(), self.boomi.users()[self.user.name]
        basic = [entry for entry in log if entry["scheme"] == "Basic"]
        return {
            "exchanges": sum(entry["path"].startswith("/auth/jwt/generate/") for entry in basic),
            "sign_ins": len(basic),
            "bearers": sum(entry["scheme"] == "Bearer" for entry in log),
            "probes": sum(entry["scheme"] is None for entry in log),
            "codes": sum(entry["otp"] for entry in log),
            "accepted": user["accepted"],
            "rejected": user["total_rejections"],
            "repeated_codes": user["repeated_codes"],
            "locked": user["locked"],
        }

    def credentials(self, word: Callable[[], str], kind: str) -> Credentials:
        """Of the user, with the secret that a word stands for."""
        name, otp = self.user.name, self.user.otp_secret
        right = {"password": self.user.password, "token": self.user.api_token}[kind]

        def given(_rejected: bool = False, **codes: str) -> Credentials:
            secret = right if word() == "right" else word()
            if kind == "password":
                return Credentials.password(name, secret, **codes)
            return Credentials.api_token(name, secret)

        if self.given.callback or (kind == "token" and otp):
            return Credentials.from_callable(given, otp=otp)
        return given(otp=otp) if otp else given()

    def do_new_client(
        self, _: Client | None, credentials: str = "right", kind: str = "password", timeout_ms: int | None = None
    ) -> None:
        word = (lambda: self.callback_gives) if self.given.callback else (lambda: credentials)
        timeout = seconds(timeout_ms if timeout_ms is not None else self.given.timeout_ms)
        made = self.boomi.client(self.credentials(word, kind), timeout=timeout, max_retries=self.given.retries)
        self.clients.append(made)

    def do_get(
        self, client: Client, account: str | None = None, min_validity_s: int = 0, timeout_ms: int | None = None
    ) -> Came:
        return Came(token=client.token(account, min_validity_s, timeout=seconds(timeout_ms)))

    def do_refresh(self, client: Client, account: str | None = None, timeout_ms: int | None = None) -> None:
        client.token_provider(account).refresh(timeout=seconds(timeout_ms))

    def do_generate(self, client: Client, account: str | None = None, timeout_ms: int | None = None) -> Came:
        return Came(token=client.generate_jwt(account, timeout=seconds(timeout_ms)))

    def do_invalidate(self, client: Client, token: int) -> None:
        client.invalidate(self.tokens[token - 1])

    def do_send(
        self,
        client: Client,
        scheme: Scheme,
        path: str | None = None,
        post: Json = NOT_SAID,
        timeout_ms: int | None = None,
    ) -> Came:
        path = path or PATHS[scheme]
        data = text_of(post) if post is not NOT_SAID else GRAPHQL_QUERY if path.endswith("/graphql") else None
        method = "GET" if data is None else "POST"
        return checked(client.request(method, path, data=data, auth=scheme, timeout=seconds(timeout_ms)))

    def do_use(self, client: Client, token: int) -> Came:
        secret = {"Authorization": self.tokens[token - 1].header}
        return checked(client.post(PATHS["jwt"], data=GRAPHQL_QUERY, auth=None, secret_headers=secret))

    def do_authorize(
        self,
        client: Client,
        scheme: Scheme,
        path: str | None = None,
        timeout_ms: int | None = None,
        answer: int | None = None,
        body: Json = None,
    ) -> Came:
        url = self.boomi.base_url + (path or PATHS[scheme])
        authorization = client.authorize(url, scheme, timeout=seconds(timeout_ms))
        return Came(again=authorization.observe(answer, text_of(body).encode()) if answer else None)

    def do_reset_guard(self, client: Client) -> None:
        client.reset_guard()

    def do_set_credentials(self, _: Client, to: str) -> None:
        self.callback_gives = to

    def do_set_password(self, _: Client, to: str) -> None:
        password = self.user.password if to == "right" else to
        self.boomi.control("password", {"user": self.user.name, "password": password})

    def do_revoke(self, _: Client) -> None:
        # To the server, they have all died.
        self.boomi.control("clock", {"advance_s": self.given.jwt.get("lifetime_s", 300) + 1})

    def do_answer(
        self,
        _: Client,
        path: str,
        status: int,
        body: Json = None,
        headers: dict[str, str] | None = None,
        times: int | None = 1,
    ) -> None:
        prefix, text = path.replace("{accountId}", self.boomi.account_id), text_of(body)
        rejects = status == 401 or (status == 403 and "error.user.login" in text)
        fault = {"path_prefix": prefix, "status": status, "body": text, "times": times, "counts": rejects}
        self.boomi.control("faults", fault | {"headers": headers or {}})

    def do_answer_normally(self, _: Client) -> None:
        self.boomi.control("faults", method="DELETE")

    def do_outage(self, _: Client, kind: str | None) -> None:
        if kind not in (None, "unavailable"):
            raise ValueError(f"the outage {kind} needs the clock")
        self.boomi.control("outage", {"kind": kind})


def checked(answer: boomi_auth.Response) -> Came:
    try:
        answer.raise_for_status()
    except boomi_auth.BoomiAuthError as error:
        return Came(error, answer.status_code, answer.attempts)
    return Came(None, answer.status_code, answer.attempts)
