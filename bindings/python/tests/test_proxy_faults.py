"""Proxies that are down, that refuse, and where their setting comes from."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
Start = Callable[[str], str]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def tinyproxy(tmp_path: Path) -> Iterator[Start]:
    """Starts tinyproxy with more lines of its configuration, and gives its host and port."""
    running: list[subprocess.Popen[bytes]] = []

    def start(more: str) -> str:
        port, configuration = free_port(), tmp_path / f"{len(running)}.conf"
        log = tmp_path / f"{len(running)}.log"
        configuration.write_text(f'Port {port}\nListen 127.0.0.1\nTimeout 60\nLogFile "{log}"\n{more}\n')
        process = subprocess.Popen(["tinyproxy", "-d", "-c", str(configuration)], stdout=subprocess.DEVNULL)
        running.append(process)
        while True:
            assert process.poll() is None, "tinyproxy ended"
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return f"127.0.0.1:{port}"
            except ConnectionRefusedError:
                time.sleep(0.01)

    yield start
    for process in running:
        process.terminate()
        process.wait()


def refused(emulator: BoomiEmulator, **settings: Any) -> boomi_auth.ProxyError:
    with emulator.client(max_retries=0, **settings) as client, pytest.raises(boomi_auth.ProxyError) as raised:
        client.get(RECORD)
    assert isinstance(raised.value, boomi_auth.TransportError)
    assert (raised.value.sent, raised.value.attempts) == (False, 1) and emulator.log() == []
    return raised.value


def test_a_proxy_that_is_down(boomi_emulator: BoomiEmulator) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = refused(boomi_emulator, proxy=proxy)
    assert f"the proxy {proxy} (from the proxy setting) failed" in str(error) and "refused" in str(error)
    assert error.retryable


@pytest.mark.parametrize("user", ["", "someone:secret-of-the-proxy@"])
def test_a_proxy_that_refuses(user: str, boomi_emulator: BoomiEmulator, tinyproxy: Start) -> None:
    host = tinyproxy("BasicAuth proxyuser right")
    error = refused(boomi_emulator, proxy=f"http://{user}{host}")
    # tinyproxy says 401 to a wrong password, where RFC 9110 has 407; to none it says 407.
    assert ("401" if user else "407") in str(error) and host in str(error) and not error.retryable
    assert "secret-of-the-proxy" not in str(error)


def test_a_proxy_that_takes_the_password(boomi_emulator: BoomiEmulator, tinyproxy: Start) -> None:
    with boomi_emulator.client(proxy=f"http://proxyuser:right@{tinyproxy('BasicAuth proxyuser right')}") as client:
        assert client.get(RECORD).ok and client.token().account_id == "account123"


def test_the_proxy_of_the_environment(
    boomi_emulator: BoomiEmulator, tinyproxy: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tinyproxy("ConnectPort 1")
    monkeypatch.setenv("HTTPS_PROXY", f"http://{host}")
    text = str(refused(boomi_emulator, proxy=None))
    assert host in text and "from HTTPS_PROXY" in text and "403" in text
    # What a setting says goes before; "" is none.
    with boomi_emulator.client(proxy="") as client:
        assert client.get(RECORD).ok
    monkeypatch.setenv("NO_PROXY", "localhost")
    with boomi_emulator.client(proxy=None) as client:
        assert client.get(RECORD).ok


@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:1", "ftp://proxy", "http://proxy:port", "http://", " "])
def test_a_proxy_that_is_none(proxy: str, boomi_emulator: BoomiEmulator) -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match=r"(http|socks5h)://host:port") as raised:
        boomi_emulator.client(proxy=proxy)
    assert "the proxy setting" in str(raised.value) and "::" not in str(raised.value)
