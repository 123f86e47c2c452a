"""The proof under faults, the short one: a worker killed with -9 three times in mid-load, and the numbers recounted."""

import subprocess
import sys

import pytest

from tools.jars import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


def test_the_numbers_are_exact_after_three_kills_in_mid_load() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.faults", "--quick"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout
    assert "ĐÚNG / EXACT  kill-9" in done.stdout, done.stdout
