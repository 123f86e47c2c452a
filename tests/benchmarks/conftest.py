"""The peers on the JVM, built once, and a run of one of them."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.peers import java

PATIENCE_SECONDS = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for the peers on the JVM is a test of peers."""
    for item in items:
        if "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.peers)


@pytest.fixture(scope="session")
def built() -> Path:
    try:
        return java.build()
    except java.NotInstalledError as error:
        pytest.skip(str(error))


def run(command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                          stdin=subprocess.DEVNULL, check=False)
