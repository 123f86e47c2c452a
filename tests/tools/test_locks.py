"""The locks name everything, so that an installation never asks a registry what is newest today."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.jars import ROOT

LOCKS = sorted((ROOT / "requirements").rglob("*.txt"))
COMMENTED = re.compile(r"^( {4}#|#|$)")
PINNED = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==[^ ]+ \\$")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_of_a_lock_is_a_version_a_hash_or_a_comment(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    assert [line for line in lines if not any(form.match(line) for form in (COMMENTED, PINNED, HASH))] == []
    assert any(PINNED.match(line) for line in lines)


@pytest.mark.parametrize("path", ["tools/environment.py", "tools/apart.py", "deploy/Dockerfile"])
def test_an_installation_takes_the_lock_alone(path: str) -> None:
    text = (ROOT / path).read_text()
    assert text.count("--require-hashes") == len(re.findall(r"--no-deps\"?,? \"?--require-hashes", text)) == 1


def test_what_the_lock_installed_is_whole() -> None:
    found = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
