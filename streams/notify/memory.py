"""What was told, across restarts: the last word about every alert, and the beats of the Watchdog. Plain data."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from schemas.errors import SnapshotError

Word = Literal["firing", "ending", "kept", "resolved"]
"""`ending`: said to be over, not yet vouched for. `kept`: said to be over while the Watchdog was lost."""

FORGOTTEN_SECONDS = 5 * 86_400.0
"""Alertmanager itself forgets what it delivered after 120 hours."""


@dataclass(frozen=True, slots=True)
class Told:
    """The last word about one alert in one channel, with what a line about it says. `since` is wall seconds."""

    word: Word
    started: str
    since: float
    name: str
    severity: str
    provenance: str
    text: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything remembered; moments are wall seconds.

    Attributes:
        told: the last word by "channel|fingerprint".
        beat: when the Watchdog was heard last; None before the first time.
        lost_since: the last beat before it was said that the Watchdog is lost; None while it is not.
        steady_since: since when it beats without a gap; None when that is not known.
    """

    told: Mapping[str, Told] = field(default_factory=dict)
    beat: float | None = None
    lost_since: float | None = None
    steady_since: float | None = None

    def with_told(self, changed: Mapping[str, Told], now: float) -> "Memory":
        """This memory with other last words; what has been over for days is forgotten."""
        words = {**self.told, **changed}
        kept = {key: one for key, one in words.items()
                if one.word != "resolved" or now - one.since < FORGOTTEN_SECONDS}
        return replace(self, told=kept)

    def having(self, word: Word) -> dict[str, Told]:
        """The alerts about which this is the last word."""
        return {key: told for key, told in self.told.items() if told.word == word}


class MemoryFile:
    """The memory on disk: a reader, also after a crash, sees the old one or the new one, never half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Memory:
        """What was saved last; an empty memory where there is none.

        Raises:
            SnapshotError: the file is not what was saved.
        """
        try:
            content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            told = {key: Told(**one) for key, one in content.pop("told").items()}
            return Memory(told=told, **content)
        except FileNotFoundError:
            return Memory()
        except (ValueError, TypeError, KeyError) as error:
            raise SnapshotError(f"{self.path} cannot be read ({error}); move it away: alerts that still fire are then "
                                "told once more") from error

    def save(self, memory: Memory) -> None:
        """Makes it durable.

        Raises:
            OSError: it cannot be written.
        """
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(memory), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        sync(self.path.parent)


def sync(folder: Path) -> None:
    """Makes new names in a folder durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
