"""What a network does to a call: each fault is the right exception, with what is known of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
CREATE = "/api/rest/v1/{accountId}/Folder"


@pytest.mark.parametrize(("outage", "sent"), [("hang", True), ("swallow", False)])
def test_a_server_that_hangs(outage: str, sent: bool, boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("outage", {"kind": outage})
    with boomi_emulator.client() as client, pytest.raises(boomi_auth.RequestTimeoutError) as raised:
        client.get(RECORD, timeout=0.3)
    error = raised.value
    assert isinstance(error, (TimeoutError, boomi_auth.TransportError)) and "300 ms" in str(error)
    assert (error.sent, error.retryable, error.status) == (sent, True, None)


def test_the_clients_own_timeout(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("outage", {"kind": "hang"})
    with boomi_emulator.client(timeout=0.25) as client, pytest.raises(TimeoutError, match="250 ms"):
        client.get(RECORD)


@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "cut-headers", "cut-body"])
def test_a_connection_that_is_lost(fault: str, boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("faults", {"fault": fault, "method": "POST"})
    with boomi_emulator.client() as client, pytest.raises(boomi_auth.ConnectError, match="was lost") as raised:
        client.post(CREATE, json={"name": "new"})
    # Nobody can know whether it took effect, so what creates is sent once.
    assert (raised.value.sent, raised.value.retryable, raised.value.attempts) == (True, True, 1)
    assert len(boomi_emulator.control("effects")) == (fault != "reset-before")


def test_no_connection(boomi_emulator: BoomiEmulator) -> None:
    with socket.socket() as taken:
        # Bound, and not listened to: nobody else gets the port.
        taken.bind(("127.0.0.1", 0))
        url = f"https://localhost:{taken.getsockname()[1]}"
        with boomi_emulator.client(base_url=url, max_retries=1) as client, pytest.raises(boomi_auth.ConnectError) as e:
            client.post(CREATE, json={})
    assert "Connection refused" in str(e.value) and "it was tried 2 times" in str(e.value)
    # What never left is sent again, even if it creates.
    assert (e.value.sent, e.value.retryable, e.value.attempts) == (False, True, 2)


def test_a_name_that_there_is_not(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client(base_url="https://boomi.invalid", max_retries=0) as client:
        with pytest.raises(boomi_auth.ConnectError, match="cannot look up the host name boomi.invalid") as raised:
            client.get(RECORD)
        assert not raised.value.sent


def test_an_answer_that_is_too_large(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client(max_response_bytes=1000) as client:
        path = "/api/rest/v1/{accountId}/Deployment/sized-"
        assert len(client.get(f"{path}1000").content) == 1000
        with pytest.raises(boomi_auth.ResponseTooLargeError, match="max_response_bytes") as raised:
            client.get(f"{path}1001")
        assert isinstance(raised.value, boomi_auth.ProtocolError)
        assert (raised.value.sent, raised.value.retryable, raised.value.status) == (True, False, 200)
        with client.get(f"{path}5000", stream=True) as answer:
            assert sum(map(len, answer.iter_bytes(7))) == 5000


def test_a_login_page_instead_of_a_token(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("faults", {"fault": "html-200", "path_prefix": "/auth/"})
    with boomi_emulator.client() as client, pytest.raises(boomi_auth.ProtocolError, match="HTML") as raised:
        client.generate_jwt()
    assert raised.value.status == 200 and "<" not in str(raised.value)


def test_a_login_page_instead_of_a_record(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("faults", {"fault": "html-200"})
    with boomi_emulator.client() as client:
        answer = client.get(RECORD).raise_for_status()
        with pytest.raises(boomi_auth.ProtocolError, match="not JSON but [0-9]+ bytes text/html") as raised:
            answer.json()
    assert isinstance(raised.value, ValueError) and isinstance(raised.value.__cause__, ValueError)


def test_a_redirect_is_not_followed(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("faults", {"fault": "redirect"})
    with boomi_emulator.client() as client:
        answer = client.get(RECORD)
        assert answer.status_code == 302 and answer.headers["Location"] == "https://elsewhere.example/"
        with pytest.raises(boomi_auth.HTTPStatusError, match="redirects are not followed"):
            answer.raise_for_status()


def cancel_call(_: boomi_auth.Client, call: boomi_auth.Call) -> None:
    call.cancel()


def cancel_client(client: boomi_auth.Client, _: boomi_auth.Call) -> None:
    client.cancel()


@pytest.mark.parametrize("cancel", [cancel_call, cancel_client])
def test_a_call_is_canceled(
    cancel: Callable[[boomi_auth.Client, boomi_auth.Call], None], boomi_emulator: BoomiEmulator
) -> None:
    boomi_emulator.control("outage", {"kind": "hang"})
    call, canceled = boomi_auth.Call(), 0.0
    with boomi_emulator.client() as client:

        def when_it_has_arrived() -> None:
            nonlocal canceled
            while not boomi_emulator.log():
                pass
            canceled = time.monotonic()
            cancel(client, call)

        other = threading.Thread(target=when_it_has_arrived)
        other.start()
        with pytest.raises(boomi_auth.CanceledError) as raised:
            client.get(RECORD, call=call)
        assert time.monotonic() - canceled < 1
        other.join()
        assert (raised.value.sent, raised.value.retryable) == (True, False)
        boomi_emulator.control("outage", {"kind": None})
        # The handle stays canceled; the client does not.
        client.reset_guard()
        assert client.get(RECORD).ok
        if cancel is cancel_call:
            with pytest.raises(boomi_auth.CanceledError, match="use a new one") as raised:
                client.get(RECORD, call=call)
            assert not raised.value.sent


def test_a_client_that_was_closed_makes_new_connections(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    for _ in range(2):
        assert client.get(RECORD).ok
        client.close()
        client.close()
    assert len({entry["connection"] for entry in boomi_emulator.log()}) == 2
