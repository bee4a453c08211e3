"""``python -m boomi_auth``, as a user runs it: what it finds, its exit status, and that it neither tells nor sends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import boomi_auth
import pytest
from boomi_auth.__main__ import status_of
from boomi_auth.pytest_plugin import BoomiEmulator
from programs.child import until
from store_server import Store

USER = {"BOOMI_USERNAME": "user@example.com", "BOOMI_API_TOKEN": "marked-token"}
PROXY = "HTTPS_PROXY"


def doctor(cwd: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Its exit status, and what it printed: one line for each finding, its advice in the same line."""
    done = started(["-m", "boomi_auth", *arguments], cwd, **variables)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.replace("\n" + " " * 21, "; ")


def started(arguments: list[str], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def line(text: str, start: str) -> str:
    """The one line that begins so, blanks apart."""
    [found] = [line for line in map(" ".join, map(str.split, text.splitlines())) if line.startswith(start)]
    return found


def test_it_says_what_was_loaded_and_what_is_set(tmp_path: Path) -> None:
    status, text = doctor(tmp_path, BOOMI_ACCOUNT_ID="account123", **USER)
    assert status == 0, text
    home = Path(boomi_auth.__file__).parent
    assert line(text, "good python ").startswith(f"good python {sys.version.split()[0]} (cpython), ")
    expected = f"good package boomi-auth {boomi_auth.__version__}, loaded from {home}"
    assert line(text, "good package boomi-auth ") == expected
    native = line(text, "good package its native library is ").rpartition(" ")[2]
    assert Path(native).parent == home and native.endswith(".so")
    assert line(text, "good settings BOOMI_USERNAME") == "good settings BOOMI_USERNAME is user@example.com"
    assert line(text, "good settings BOOMI_API_TOKEN") == "good settings BOOMI_API_TOKEN is ***"
    unset = line(text, "good settings not set: ")
    assert "BOOMI_PASSWORD," in unset and "BOOMI_STATE_DIR" in unset and "BOOMI_USERNAME" not in unset
    assert line(text, "good address ") == "good address https://api.boomi.com, account account123"
    assert line(text, "good tls ") == "good tls trusts the operating system's"
    assert line(text, "good proxy ") == "good proxy none"
    assert line(text, "unknown sign-in ") == "unknown sign-in not tried; with --sign-in it is, once"
    assert "guard" not in text and "bad " not in text


def test_without_settings_it_says_what_to_set(tmp_path: Path) -> None:
    status, text = doctor(tmp_path)
    assert status == 2
    assert "no credentials are set: set BOOMI_USERNAME with BOOMI_API_TOKEN" in line(text, "bad ")
    # What does not depend on them is told all the same.
    assert line(text, "good tls ") and line(text, "good proxy ")


def test_no_secret_is_shown_wherever_people_put_it(tmp_path: Path) -> None:
    secret = "marked"
    places = [
        USER | {"BOOMI_OTP_SECRET": secret},
        {"BOOMI_USERNAME": "me@example.com", "BOOMI_PASSWORD": secret},
        {"BOOMI_USERNAME": f"BOOMI_TOKEN.me@example.com:{secret}", "BOOMI_API_TOKEN": secret},
        {"BOOMI_CREDENTIAL_PROCESS": f"print-them --key {secret}"},
        {"BOOMI_CREDENTIAL_PROCESS": f"KEY={secret} print-them"},
        USER | {"BOOMI_API_URL": f"https://me:{secret}@api.boomi.com"},
        USER | {"BOOMI_STORE": f"rediss://me:{secret}@127.0.0.1:1"},
        USER | {"BOOMI_STORE": f"redis://127.0.0.1?password={secret}"},
        USER | {"BOOMI_TOKEN": secret, "BOOMI_SECRET": secret},
        USER | {PROXY: f"http://me:{secret}@proxy.example.com:3128"},
        USER | {PROXY: f"socks4://me:{secret}@proxy.example.com:3128"},
    ]
    for place in places:
        _, text = doctor(tmp_path, **place)
        assert secret not in text, text
        assert not set(place) - set(text.replace(",", " ").replace(")", " ").split()), text


def test_the_trust_store_in_use_is_told(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    status, text = doctor(tmp_path, SSL_CERT_FILE=str(bundle), **USER)
    assert status == 2 and line(text, "bad tls ").startswith(f"bad tls SSL_CERT_FILE is {bundle}, which cannot be read")
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    status, text = doctor(tmp_path, SSL_CERT_FILE=str(bundle), **USER)
    assert status == 0 and line(text, "good tls SSL") == f"good tls SSL_CERT_FILE is {bundle}, which counts"
    status, text = doctor(tmp_path, REQUESTS_CA_BUNDLE=str(bundle), **USER)
    advice = "which is not read here; if Boomi is reached through what it is for, set BOOMI_CA_FILE to it"
    assert status == 0 and line(text, "unknown tls ") == f"unknown tls REQUESTS_CA_BUNDLE is {bundle}, {advice}"
    status, text = doctor(tmp_path, BOOMI_CA_FILE=str(tmp_path / "nowhere.pem"), **USER)
    assert status == 2 and "BOOMI_CA_FILE is" in line(text, "bad settings BOOMI_CA_FILE is")
    assert "BOOMI_CA_FILE: cannot read" in text


def test_a_ca_file_is_trusted_alone(boomi_env: BoomiEmulator, tmp_path: Path) -> None:
    status, text = doctor(tmp_path, SSL_CERT_FILE=boomi_env.ca_file, REQUESTS_CA_BUNDLE=boomi_env.ca_file)
    assert status == 0, text
    assert line(text, "good tls trusts") == "good tls trusts the given CA bundle alone"
    assert "which does not count: BOOMI_CA_FILE is trusted alone" in line(text, "good tls SSL_CERT_FILE")
    assert "not read here" in line(text, "good tls REQUESTS_CA_BUNDLE")
    # All that without a sign-in, or any request.
    assert not boomi_env.log()


def test_the_proxy_in_use_is_told(tmp_path: Path) -> None:
    status, text = doctor(tmp_path, HTTPS_PROXY="http://me:secret@proxy.example.com:3128", **USER)
    assert status == 0 and line(text, "good proxy ") == "good proxy http://proxy.example.com:3128 (set: HTTPS_PROXY)"
    # It is none for this address.
    status, text = doctor(tmp_path, https_proxy="http://proxy.example.com:3128", NO_PROXY="boomi.com", **USER)
    assert status == 0 and line(text, "good proxy ") == "good proxy none (set: https_proxy, NO_PROXY)"
    status, text = doctor(tmp_path, HTTPS_PROXY="ftp://proxy.example.com", **USER)
    assert status == 2 and "HTTPS_PROXY has a scheme other than http, https, socks5" in line(text, "bad settings ")


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"BOOMI_TIMEOUT": "soon"}, 'BOOMI_TIMEOUT is "soon", not a number'),
        ({"BOOMI_PASSWORD": "too"}, "BOOMI_API_TOKEN and BOOMI_PASSWORD are both set: unset one"),
        ({"BOOMI_API_TOKEN": "BOOMI_TOKEN.me@example.com:x"}, "set it to what follows the colon"),
        ({"BOOMI_API_TOKEN": '"quoted"'}, "BOOMI_API_TOKEN has blanks or quotes around it, which are sent too"),
        ({"BOOMI_API_TOKEN": "", "BOOMI_API_TOKEN_FILE": "/nowhere/t"}, "_FILE is /nowhere/t, which cannot be read"),
        ({"BOOMI_ACCT": "account123"}, "if they mean the same, set BOOMI_ACCOUNT_ID to what BOOMI_ACCT has"),
        ({"BOOMI_BASE_URL": "https://x/y"}, "set BOOMI_API_URL to what BOOMI_BASE_URL has, its scheme and host alone"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(variables: dict[str, str], found: str, tmp_path: Path) -> None:
    status, text = doctor(tmp_path, **(USER | variables))
    assert status == 2 and any(found in line for line in text.splitlines() if line.startswith("bad ")), text


def test_names_of_other_tools_beside_ours_are_no_fault(tmp_path: Path) -> None:
    status, text = doctor(tmp_path, BOOMI_USER="other", **USER)
    expected = "good look-alikes BOOMI_USER is another tool's; BOOMI_USERNAME is what counts here"
    assert status == 0 and line(text, "good look-alikes ") == expected


def test_a_name_that_cannot_be_shown_is_not_the_end(tmp_path: Path) -> None:
    status, text = doctor(tmp_path, **(USER | {"BOOMI_USERNAME": "jürgen@example.com", "PYTHONIOENCODING": "ascii"}))
    assert status == 0 and r"j\xfcrgen@example.com" in line(text, "good settings BOOMI_USERNAME")


def test_what_has_the_same_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "boomi_auth.py"
    script.write_text("raise SystemExit('the script')\n")
    status, text = doctor(tmp_path, PYTHONPATH=os.pathsep.join([str(Path(boomi_auth.__file__).parents[1]), "scripts"]))
    assert status == 2 and line(text, "bad package ").startswith(f"bad package {script} has the same name; rename or ")
    # Where it comes first it is what runs: -P, from Python 3.11 on, leaves the current directory out.
    assert "the script" in started(["-m", "boomi_auth"], script.parent).stderr
    if sys.version_info >= (3, 11):
        found = started(["-P", "-m", "boomi_auth"], script.parent).stdout
        assert f"bad     package      {script} has the same name" in found


def test_a_package_of_the_current_directory_is_found(tmp_path: Path) -> None:
    shutil.copytree(Path(boomi_auth.__file__).parent, tmp_path / "boomi_auth")
    _, text = doctor(tmp_path, **USER)
    assert line(text, "unknown package it is the current directory's")
    assert line(text, "good package boomi-auth ").endswith(str(tmp_path / "boomi_auth"))
    # And the installed one is another.
    assert str(Path(boomi_auth.__file__)) in line(text, "bad package ")


def test_a_sign_in_has_the_commands_status(boomi_env: BoomiEmulator, tmp_path: Path) -> None:
    memory = str(tmp_path / "state")
    status, text = doctor(tmp_path, "--sign-in")
    assert (status, line(text, "good sign-in ")) == (0, "good sign-in accepted, for the account account123")
    assert [entry["path"] for entry in boomi_env.log()] == ["/auth/jwt/generate/account123"]
    wrong = {"BOOMI_API_TOKEN": "marked-token", "BOOMI_STATE_DIR": memory}
    status, text = doctor(tmp_path, "--sign-in", **wrong)
    assert status == 3 and "answered 401" in line(text, "bad sign-in ")
    # From now on it is held back, and that is known without trying.
    status, text = doctor(tmp_path, **wrong)
    assert status == 4 and "1 rejected, 0 without a response; nothing is sent" in line(text, "bad guard ")
    status, text = doctor(tmp_path, "--sign-in", **wrong)
    assert status == 4 and "not sent" in line(text, "bad sign-in ") and "marked-token" not in text
    assert len(boomi_env.log()) == 2
    status, text = doctor(tmp_path, BOOMI_STATE_DIR=memory)
    assert status == 0 and line(text, "good guard ").endswith(f"; known in {memory}")
    status, _ = doctor(tmp_path, "--sign-in", BOOMI_ACCOUNT_ID="account789")
    assert status == 6
    status, _ = doctor(tmp_path, "--sign-in", BOOMI_CA_FILE="")
    assert status == 5


def test_where_the_store_is_and_whether_it_works_is_told(
    boomi_env: BoomiEmulator, store: Store, tmp_path: Path
) -> None:
    joined = {"BOOMI_STORE": store.url}
    # A look does not wait for a connection.
    until(lambda: doctor(tmp_path, **joined)[0] == 0)
    _, text = doctor(tmp_path, **joined)
    assert line(text, "good settings BOOMI_STORE") == f"good settings BOOMI_STORE is ***@127.0.0.1:{store.port}/0"
    assert line(text, "good store ") == f"good store {store.place}"
    assert line(text, "good guard ").endswith(f"; known in {store.place}")
    store.close()
    status, text = doctor(tmp_path, **joined)
    assert status == 5 and line(text, "bad store ").startswith(
        f"bad store {store.place}: the store {store.place} cannot"
    )
    assert line(text, "good guard ").endswith("; known in this process alone")
    memory = str(tmp_path / "state")
    status, text = doctor(tmp_path, BOOMI_STATE_DIR=memory, **joined)
    assert status == 5 and line(text, "good guard ").endswith(f"; known in {memory}")
    assert not boomi_env.log()


def test_help_and_version(tmp_path: Path) -> None:
    status, text = doctor(tmp_path, "--help")
    assert status == 0 and "--sign-in" in text and "Exit status: 0; 2 a bad setting; 3 rejected" in text
    assert doctor(tmp_path, "--version") == (0, f"{boomi_auth.__version__}\n")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boomi_auth.ConfigurationError(), 2),
        (boomi_auth.CredentialsRejectedError(status=401), 3),
        (boomi_auth.HeldError(), 4),
        (boomi_auth.OtpError(), 4),
        (boomi_auth.RateLimitedError(), 4),
        (boomi_auth.RateLimitedError(status=503), 6),
        (boomi_auth.PermissionDeniedError(status=403), 6),
        (boomi_auth.ConnectError(), 5),
        (boomi_auth.TlsError(), 5),
        (boomi_auth.RequestTimeoutError(), 5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status(error: boomi_auth.BoomiAuthError, expected: int) -> None:
    assert status_of(error) == expected
