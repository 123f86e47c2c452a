"""Where the recorded data is, and a clock that nobody waits for."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import find_feed
from schemas.decode import Decoder, Event
from schemas.reference import Reference
from streams.publisher import encode, read_reference
from streams.simulator.player import schedule
from streams.simulator.recordings.library import open_file
from streams.simulator.recordings.recording import Recording, to_event

ROOT = Path(__file__).parents[2]
NOW = 1_795_000_000_000  # 2026-11-18


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("IOC_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded data at {folder}: set IOC_TEST_DATA to the folder that has it")
    return folder


@pytest.fixture(scope="session")
def reference() -> Reference:
    return read_reference(ROOT / "reference")


@pytest.fixture(scope="session")
def recorded(data: Path) -> Callable[[str], Recording]:
    """A function that answers the one recording in a folder of the data."""
    known: dict[str, Recording] = {}

    def read(folder: str) -> Recording:
        if folder not in known:
            found = [open_file(path) for path in sorted((data / folder).iterdir())]
            known[folder] = next(item for item in found if isinstance(item, Recording))
        return known[folder]

    return read


@pytest.fixture(scope="session")
def decoded(recorded: Callable[[str], Recording], reference: Reference) -> Callable[[str], list[Any]]:
    """A function that answers what the engine's door makes of every event of a recording."""

    def decode(folder: str) -> list[Any]:
        recording = recorded(folder)
        feed = find_feed(recording.feed)
        shift = schedule(recording, NOW).shift
        decoder = Decoder(feed, reference)
        events = (to_event(event, feed, recording.source, shift=shift) for event in recording.events)
        return [decoder.decode(encode(event)) for event in events]

    return decode


@pytest.fixture(scope="session")
def rows(decoded: Callable[[str], list[Any]]) -> Callable[[str], list[Mapping[str, Any]]]:
    """A function that answers the rows of a recording; every event of it must be accepted at the door."""

    def read(folder: str) -> list[Mapping[str, Any]]:
        answers = decoded(folder)
        assert [answer for answer in answers if not isinstance(answer, Event)][:3] == []
        return [answer.row for answer in answers]

    return read


class FakeClock:
    """Time passes by sleeping, and by nothing else."""

    def __init__(self, now: int) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def sleep(self, millis: int) -> None:
        self.time += millis


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)
