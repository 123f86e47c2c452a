"""Programs that shall run: one small file each, so that `up` and the supervisor need no conversation."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.stack import places


@dataclass(frozen=True)
class Program:
    """One program of the stack.

    `order`: programs end in falling order. `port`: where it listens, 0 for nowhere; `setting`: what changes that port.
    `ready`: the URL that answers 200 once it works; empty when running is enough. `alive`: the URL that answers 200
    while it does not need a restart. `finishes`: its good end is an end.
    """

    name: str
    command: list[str]
    folder: str
    log: str
    order: int
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    setting: str = ""
    url: str = ""
    ready: str = ""
    alive: str = ""
    finishes: bool = False

    @property
    def digest(self) -> str:
        """Tells this declaration from another one of the same name."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def declare(self) -> None:
        """Says that it shall run from now on."""
        write(self._file(), asdict(self))

    def withdraw(self) -> None:
        """Says that it shall not run any more."""
        self._file().unlink(missing_ok=True)

    def _file(self) -> Path:
        return places.PROGRAMS / f"{self.name}.json"


def declared() -> dict[str, Program]:
    """The programs that shall run, in the order in which they start."""
    found = (read(path) for path in places.PROGRAMS.glob("*.json"))
    programs = [Program(**content) for content in found if content]
    return {program.name: program for program in sorted(programs, key=lambda one: (one.order, one.name))}


def write(path: Path, content: Any) -> None:
    """Writes JSON so that a reader sees the old text or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    fresh.replace(path)


def read(path: Path) -> Any:
    """The JSON in a file; None when there is none, or when it was withdrawn meanwhile."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
