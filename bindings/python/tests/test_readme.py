"""The Python code of the READMEs and the guides runs as it is written, beside the emulator with the environment set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator
from conftest import ROOT
from test_plugin import suite

READMES = (ROOT / "README.md", ROOT / "bindings" / "python" / "PYPI.md", *sorted(ROOT.glob("docs/*.md")))
# What the reader has: a URL of their own, and requests told whom to trust.
BEFORE = 'import os, boomi_auth, requests\nurl = os.environ["URL"]\n'


def blocks() -> list[tuple[str, str]]:
    """Each block with where it stands."""
    found = []
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 2
            found.append((f"{readme.relative_to(ROOT)}:{line}", block[1]))
    return found


@pytest.mark.parametrize(("where", "code"), blocks(), ids=lambda value: value if "\n" not in value else "")
def test_each_block_runs_as_written(where: str, code: str, boomi_env: BoomiEmulator, tmp_path: Path) -> None:
    if re.search(r"^def test_", code, re.MULTILINE):
        status, text = suite(tmp_path, code=code)
        assert status == 0 and "skipped" not in text, f"{where}\n{text}"
        return
    variables = {
        "URL": f"{boomi_env.base_url}/api/rest/v1/{boomi_env.account_id}/AuditLog/documentId-321",
        "REQUESTS_CA_BUNDLE": boomi_env.ca_file,
    }
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"


def test_each_has_some() -> None:
    places = [where for where, _ in blocks()]
    for readme in READMES:
        assert any(where.startswith(f"{readme.relative_to(ROOT)}:") for where in places), readme
