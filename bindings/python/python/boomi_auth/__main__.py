"""``python -m boomi_auth`` looks at what may be in the way: this package, its settings and its surroundings.

Nothing is sent to Boomi without --sign-in, and no secret is shown.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from . import (
    BoomiAuthError,
    Client,
    ConfigurationError,
    Credentials,
    CredentialsRejectedError,
    HeldError,
    OtpError,
    RateLimitedError,
    __version__,
    _native,
)

SECRETS = ("BOOMI_API_TOKEN", "BOOMI_PASSWORD", "BOOMI_OTP_SECRET")
FILES = ("BOOMI_API_TOKEN_FILE", "BOOMI_PASSWORD_FILE", "BOOMI_OTP_SECRET_FILE", "BOOMI_CA_FILE")
OTHERS = (
    "BOOMI_CREDENTIAL_PROCESS",
    "BOOMI_KEYCHAIN",
    "BOOMI_API_URL",
    "BOOMI_STATE_DIR",
    "BOOMI_STORE",
    "BOOMI_TIMEOUT",
    "BOOMI_CONNECT_TIMEOUT",
)
SETTINGS = ("BOOMI_USERNAME", "BOOMI_ACCOUNT_ID", *SECRETS, *FILES, *OTHERS)
# Names of other tools for what is a setting here.
LOOK_ALIKES: dict[str, tuple[str, ...]] = {
    "BOOMI_USERNAME": ("BOOMI_USER", "BOOMI_CLIENT_ID"),
    "BOOMI_API_TOKEN": ("BOOMI_SECRET", "BOOMI_CLIENT_SECRET", "BOOMI_TOKEN"),
    "BOOMI_ACCOUNT_ID": ("BOOMI_ACCOUNT", "BOOMI_ACCT"),
    "BOOMI_API_URL": ("BOOMI_BASE_URL", "BOOMI_BASE_URI", "BOOMI_API_BASE_URL", "BOOMI_PLATFORM_URL"),
    "BOOMI_OTP_SECRET": ("BOOMI_OTP",),
    "BOOMI_CA_FILE": ("BOOMI_VERIFY_SSL",),
}
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
UNKNOWN, GOOD, WRONG, REJECTED, HELD, NETWORK, ANSWERED = -1, 0, 2, 3, 4, 5, 6

# What one look at something found: the exit status that it is worth, the topic, what it is, and what to do about it.
Check = tuple[int, str, str, str]


def status_of(error: BoomiAuthError) -> int:
    """The exit status that the command has for such an error."""
    if isinstance(error, ConfigurationError):
        return WRONG
    if isinstance(error, CredentialsRejectedError):
        return REJECTED
    if isinstance(error, (HeldError, OtpError)):
        return HELD
    if error.status is not None:
        return ANSWERED
    return HELD if isinstance(error, RateLimitedError) else NETWORK


def package() -> Iterator[Check]:
    ours = Path(__file__).resolve().parent
    yield GOOD, "python", f"{sys.version.split()[0]} ({sys.implementation.name}), {sys.executable}", ""
    yield GOOD, "package", f"boomi-auth {__version__}, loaded from {ours}", ""
    yield GOOD, "package", f"its native library is {_native.__file__}", ""
    if ours.parent == Path.cwd():
        what = "it is the current directory's, which comes before what is installed"
        yield UNKNOWN, "package", what, "compare with another directory"
    # With `python -P` the current directory is not searched now, but scripts that lie there find what it has.
    for place in dict.fromkeys(Path(entry).resolve() for entry in ("", *sys.path)):
        for other in (place / "boomi_auth.py", place / "boomi_auth" / "__init__.py"):
            if other.is_file() and other.parent != ours:
                advice = "rename or remove it: programs that find it first do not get this package"
                yield WRONG, "package", f"{other} has the same name", advice


def shown(name: str) -> str:
    """A variable as it may be shown: people put secrets into names, commands and URLs too."""
    value = os.environ[name]
    if name in SECRETS:
        return "***"
    if name == "BOOMI_CREDENTIAL_PROCESS":
        command = value.split()[:1]
        return "***" if "=" in "".join(command) else " ".join([*command, "..."])
    if name == "BOOMI_USERNAME" and ":" in value:
        value = value.partition(":")[0] + ":***"
    elif name in ("BOOMI_API_URL", "BOOMI_STORE"):
        _, at, host = value.rpartition("@")
        value = ("***@" if at else "") + host.partition("?")[0] + ("?***" if "?" in host else "")
    return value if value.isprintable() else ascii(value)


def settings() -> Iterator[Check]:
    for name in filter(os.environ.get, SETTINGS):
        if name not in FILES or os.access(os.environ[name], os.R_OK):
            yield GOOD, "settings", f"{name} is {shown(name)}", ""
        else:
            yield WRONG, "settings", f"{name} is {shown(name)}, which cannot be read", "correct or unset it"
    unset = ", ".join(name for name in SETTINGS if not os.environ.get(name))
    yield GOOD, "settings", f"not set: {unset}", ""
    token = os.environ.get("BOOMI_API_TOKEN", "")
    if token.startswith(("BOOMI_TOKEN", "Basic ")):
        yield WRONG, "settings", "BOOMI_API_TOKEN is more than the token", "set it to what follows the colon"
    elif token != token.strip(" \t\"'"):
        yield WRONG, "settings", "BOOMI_API_TOKEN has blanks or quotes around it, which are sent too", "remove them"
    for ours, others in LOOK_ALIKES.items():
        for other in filter(os.environ.get, others):
            if os.environ.get(ours) or os.environ.get(f"{ours}_FILE"):
                yield GOOD, "look-alikes", f"{other} is another tool's; {ours} is what counts here", ""
            else:
                path = ", its scheme and host alone, without a path" if ours == "BOOMI_API_URL" else ""
                advice = f"if they mean the same, set {ours} to what {other} has{path}"
                yield WRONG, "look-alikes", f"{other} is set, which is not read; {ours} is not set", advice


def surroundings() -> Iterator[Check]:
    # What is true whoever signs in.
    with Client.from_env(Credentials.password("nobody", "none")) as client:
        about = client.describe()
    yield GOOD, "address", f"{about['base_url']}, account {about['account_id'] or 'not set'}", ""
    yield GOOD, "tls", f"trusts {about['trusted_roots']}", ""
    alone = os.environ.get("BOOMI_CA_FILE")
    for name in filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")):
        if alone:
            yield GOOD, "tls", f"{name} is {shown(name)}, which does not count: BOOMI_CA_FILE is trusted alone", ""
        elif os.access(os.environ[name], os.R_OK):
            yield GOOD, "tls", f"{name} is {shown(name)}, which counts", ""
        else:
            yield WRONG, "tls", f"{name} is {shown(name)}, which cannot be read", "correct or unset it"
    for name in filter(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")):
        known = alone or os.environ.get("SSL_CERT_FILE")
        advice = "" if known else "if Boomi is reached through what it is for, set BOOMI_CA_FILE to it"
        yield GOOD if known else UNKNOWN, "tls", f"{name} is {shown(name)}, which is not read here", advice
    names = ", ".join(name for one in PROXIES for name in (one, one.lower()) if os.environ.get(name))
    yield GOOD, "proxy", (about["proxy"] or "none") + (f" (set: {names})" if names else ""), ""


def user(sign_in: bool) -> Iterator[Check]:
    with Client.from_env(max_retries=0) as client:
        about = client.describe()
        if about["state_dir"] or about["store"]:
            guard = client.describe_guard()
            if about["store"]:
                # What that look came to.
                store = client.describe()["store"]
                if store["problem"]:
                    advice = "until it works this machine remembers by itself, and does not know of the others"
                    yield NETWORK, "store", f"{store['url']}: {store['problem']}", advice
                else:
                    yield GOOD, "store", store["url"], ""
            what = f"{guard['username']}: {guard['rejections']} rejected, {guard['unanswered']} without a response"
            if about["state_dir"] and not guard["memory"]:
                yield WRONG, "guard", guard["problem"], ""
            elif guard["held"]:
                advice = "correct the user name and secret, or allow one more try with Client.reset_guard()"
                yield HELD, "guard", f"{what}; nothing is sent", advice
            else:
                yield GOOD, "guard", f"{what}; known in {guard['memory'] or 'this process alone'}", ""
        if sign_in:
            try:
                yield GOOD, "sign-in", f"accepted, for the account {client.generate_jwt().account_id}", ""
            except BoomiAuthError as error:
                yield status_of(error), "sign-in", str(error), ""
        else:
            yield UNKNOWN, "sign-in", "not tried", "with --sign-in it is, once"


def main(arguments: list[str] | None = None) -> int:
    """Prints what was found, and returns the status of the first that is bad."""
    description, _, rest = (__doc__ or "").partition("\n\n")
    about = f"{description.replace('``', '')} {rest}"
    ends = "Exit status: 0; 2 a bad setting; 3 rejected; 4 held back, not sent; 5 network or TLS; 6 a bad response."
    parser = argparse.ArgumentParser("python -m boomi_auth", description=about, epilog=ends)
    parser.add_argument("--sign-in", action="store_true", help="sign in, once")
    parser.add_argument("--version", action="version", version=__version__)
    sign_in = parser.parse_args(arguments).sign_in
    ended = 0
    for looks in (package(), settings(), surroundings(), user(sign_in)):
        try:
            for status, topic, what, advice in looks:
                state = "good" if status == GOOD else "unknown" if status == UNKNOWN else "bad"
                print(f"{state:<8}{topic:<13}{what}" + (f"\n{'':21}{advice}" if advice else ""))
                ended = ended or max(status, 0)
        except BoomiAuthError as error:
            # Of settings, since nothing was sent: also when they are those of a proxy.
            print(f"{'bad':<8}{'settings':<13}{error}")
            return ended or WRONG
    return ended


if __name__ == "__main__":
    # A name that the terminal cannot show must not be the end of it.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
