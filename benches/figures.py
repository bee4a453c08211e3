"""Rows that are no times of a program of ours: figures.py size LIBRARY WHEEL JAR JARS, or figures.py command HYPERFINES_JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import results


def library(name: str) -> int:
    """The bytes of a shared library where the linker finds it. Debian's are stripped."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^\s*{re.escape(name)} .*x86-64.* => (.*)$|^\s*{re.escape(name)} .* => (.*)$", known, re.MULTILINE)
    assert found, f"{name} is not here"
    return Path(found[1] or found[2]).resolve().stat().st_size


def installed(*packages: str) -> int:
    """The bytes of what packages have installed, but for compiled Python."""
    files = [file for name in packages for file in distribution(name).files or [] if file.suffix != ".pyc"]
    return sum(Path(file.locate()).stat().st_size for file in files if Path(file.locate()).is_file())


def jars(directory: Path, *names: str) -> int:
    return sum(path.stat().st_size for name in names for path in directory.glob(f"{name}-[0-9]*.jar"))


def size(ours: str, wheel: str, jar: str, lib: str) -> None:
    def compare(work: str, name: str, mine: float, peer: str = "", other: float = 0, most: float = 0) -> None:
        peers = [other / 1e6] if peer else []
        results.row(work, name, [mine / 1e6], "MB", peer, peers, most=most)

    bytes_ = Path(ours).resolve().stat().st_size
    curl = library("libcurl.so.4")
    three = curl + library("libssl.so.3") + library("libcrypto.so.3")
    compare("size of the C library", "libboomi_auth.so, stripped", bytes_, "libcurl, libssl, libcrypto", three, most=2.5)
    compare("size of the C library", "libboomi_auth.so, stripped", bytes_, "libcurl.so.4 alone", curl)
    requests = ("requests", "urllib3", "certifi", "idna", "charset-normalizer")
    compare("size of the Python package", "installed", installed("boomi-auth"), "requests and its four", installed(*requests))
    compare("size of the Python package", "the wheel", Path(wheel).stat().st_size, most=2.5)
    folder = Path(lib)
    okhttp = jars(folder, "okhttp", "okio", "okio-jvm", "kotlin-stdlib", "kotlin-stdlib-jdk7", "kotlin-stdlib-jdk8", "annotations")
    apache = jars(folder, "httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api")
    compare("size of the Java package", "the jar", Path(jar).stat().st_size, "OkHttp's jars", okhttp)
    compare("size of the Java package", "the jar", Path(jar).stat().st_size, "Apache HttpClient 5's jars", apache)


def command(file: str) -> None:
    ours, curl = (result["times"] for result in json.loads(Path(file).read_text())["results"])
    milliseconds = [[time * 1e3 for time in times] for times in (ours, curl)]
    # hyperfine runs one after the other, so a ratio is of runs that have nothing to do with each other.
    results.row("command, start to end", "boomi-auth header", milliseconds[0], "ms", "curl --version", milliseconds[1], limit=1.0)


{"size": size, "command": command}[sys.argv[1]](*sys.argv[2:])
