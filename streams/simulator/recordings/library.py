"""Which recording a file is: by its first line, whatever it is called."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from schemas.feed import Feed
from streams.simulator.recordings import dossiers, feedback, gateway_status, river_level
from streams.simulator.recordings.recording import Recording, RecordingError

READERS: Final[tuple[tuple[Callable[[Sequence[str]], bool], Callable[[Path], Recording]], ...]] = tuple(
    (module.recognises, module.read) for module in (dossiers, feedback, river_level, gateway_status)
)
WITHOUT_FEED: Final = {"air quality": {"QC Name", "Raw Conc."}, "traffic": {"timestamp", "value"}}
"""Data sets that have no reader yet, and columns by which they are known."""

ENDINGS: Final = (".csv", ".jsonl", ".json")


class Found(NamedTuple):
    """What lies at the paths: recordings that can be played, and files that cannot, with the reason."""

    recordings: tuple[Recording, ...]
    skipped: tuple[tuple[Path, str], ...]


def find(paths: Iterable[Path], feeds: Iterable[Feed]) -> Found:
    """Read every recording at the paths, folders to their depth.

    Raises:
        RecordingError: a path does not exist, or a recording cannot be read.
    """
    known = {feed.name for feed in feeds}
    recordings: dict[str, Recording] = {}
    skipped: list[tuple[Path, str]] = []
    for path in _files(paths):
        found = open_file(path)
        if isinstance(found, str):
            skipped.append((path, found))
        elif found.feed not in known:
            skipped.append((path, f"there is no feed {found.feed!r} yet"))
        elif found.source in recordings:
            skipped.append((path, f"{recordings[found.source].name} of source {found.source} is played already"))
        else:
            recordings[found.source] = found
    return Found(tuple(recordings.values()), tuple(skipped))


def open_file(path: Path) -> Recording | str:
    """The recording in a file, or why there is none.

    Raises:
        RecordingError: the file is one of ours, but is damaged.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader([file.readline()]), [])
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {error}"
    for recognises, read in READERS:
        if recognises(header):
            try:
                return read(path)
            except (KeyError, ValueError, TypeError) as error:
                raise RecordingError(f"{path} is damaged: {type(error).__name__} {error}") from error
    for name, columns in WITHOUT_FEED.items():
        if columns <= set(header):
            return f"{name}: there is no feed for it yet"
    return "is no recording known here"


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
        elif path.exists():
            yield path
        else:
            raise RecordingError(f"{path} does not exist: name a file of recorded data or the folder they are in")
