"""What it costs to import the package."""

from __future__ import annotations

import subprocess
import sys

# Each takes longer than all of ours.
SLOW = {"asyncio", "dataclasses", "http", "json", "logging", "pathlib", "re", "ssl", "typing", "urllib"}


def test_it_takes_less_than_10_ms() -> None:
    def microseconds() -> int:
        command = (sys.executable, "-I", "-X", "importtime", "-c", "import boomi_auth")
        told = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
        (line,) = [line for line in told.splitlines() if line.endswith("| boomi_auth")]
        return int(line.split("|")[1])

    # The first writes bytecode; others wait for whatever else runs.
    assert min(microseconds() for _ in range(7)) < 10_000


def test_it_imports_nothing_that_is_slow_or_not_of_python() -> None:
    program = "import sys; had = set(sys.modules); import boomi_auth; print(*set(sys.modules) - had)"
    command = (sys.executable, "-I", "-S", "-c", f"import sys; sys.path += {sys.path!r}; {program}")
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    new = {name.split(".")[0] for name in told.split()}
    assert "boomi_auth" in new
    assert new & SLOW == set()
    assert new <= {"boomi_auth", *sys.stdlib_module_names}
