"""Environments of Python beside the project's own, each made on demand from a lock with hashes, below var/.

What only a benchmark or the fuzzer needs stays out of the locks of the project so.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.jars import ROOT
from tools.progress import complaint, run


class NotInstalled(Exception):
    """An environment cannot be had here; says why."""


def environment(name: str, *, install: bool, verb: str, options: Sequence[str] = ()) -> Path:
    """The Python of the environment var/`name`, as requirements/`name`.txt locks it.

    `verb` is the verb of make that makes it, for the message; `options` are further ones of pip.

    Raises:
        NotInstalled: it cannot be made, or is not there and `install` is False.
    """
    requirements, home = ROOT / f"requirements/{name}.txt", ROOT / "var" / name
    stamp, log, python = home / "lock.sha256", ROOT / f"var/{name}.log", home / "bin/python"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    if not install:
        raise NotInstalled(f"{home.relative_to(ROOT)} is not there: `make {verb}` makes it")
    shutil.rmtree(home, ignore_errors=True)
    log.unlink(missing_ok=True)
    for step in ([sys.executable, "-m", "venv", str(home)],
                 [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--retries", "2",
                  "--progress-bar", "off", *options, "--no-deps", "--require-hashes", "-r", str(requirements)]):
        if run(step, log, environment={**os.environ, "PYTHONPATH": ""}) != 0:
            raise NotInstalled(f"{complaint(log)} (all of it: {log.relative_to(ROOT)})")
    stamp.write_text(digest)
    return python
