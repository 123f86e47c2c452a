"""The short fault matrix: kills, a frozen worker, lost commits, bad data; every number recounted."""

import subprocess
import sys

import pytest

from tools.faults.matrix import SCENARIOS
from tools.jars import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]


def test_the_numbers_are_exact_after_the_most_telling_faults() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.faults", "--quick"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=880, check=False)
    assert done.returncode == 0, done.stdout
    quick = [one.name for one in SCENARIOS if one.quick]
    assert [name for name in quick if f"ĐÚNG / EXACT  {name}" not in done.stdout] == [], done.stdout
