"""The CPythons of this machine that take the wheel; as a program it prints where they are, the oldest first."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

# The free-threaded ones have a stable ABI of their own.
VERSION = """
import sys, sysconfig
if sys.implementation.name == "cpython" and sys.version_info >= (3, 10) and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    print(*sys.version_info[:3])
"""


def interpreters() -> list[str]:
    """Those on the PATH, of the system, and of pyenv."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    named = [shutil.which(f"python3.{minor}") for minor in range(10, 30)]
    found = {sys.executable, *filter(None, named)}
    for pattern in ("/usr/bin/python3", "/usr/local/bin/python3", f"{pyenv}/versions/*/bin/python3"):
        found |= set(glob.glob(pattern))
    # pyenv's shims are one program for all of them.
    paths = sorted({os.path.realpath(path) for path in found if not path.startswith(f"{pyenv}/shims/")})
    versions = {path: subprocess.run([path, "-c", VERSION], stdout=subprocess.PIPE).stdout.split() for path in paths}
    return sorted((path for path in paths if versions[path]), key=lambda path: [int(part) for part in versions[path]])


if __name__ == "__main__":
    print(*interpreters(), sep="\n")
