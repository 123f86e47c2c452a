"""The default sender: appends lines to two files, each line durable before Alertmanager gets its answer."""

import os
from collections.abc import Iterable
from pathlib import Path

from streams.notify.lines import Line
from streams.notify.memory import sync
from streams.notify.payload import Channel


class Notebook:
    """Lines about real alerts in one file, those about replayed and simulated data in another.

    A crash between a line and the memory of it repeats the line after the restart: twice is better than never.
    """

    def __init__(self, folder: Path) -> None:
        self.real = folder / "notifications.log"
        self.rehearsal = folder / "rehearsal.log"
        folder.mkdir(parents=True, exist_ok=True)
        for path in (self.real, self.rehearsal):
            path.touch(mode=0o640)
            _finish_last_line(path)
        sync(folder)

    def write(self, lines: Iterable[Line]) -> None:
        """Appends lines.

        Raises:
            OSError: they cannot be written.
        """
        texts: dict[Path, list[str]] = {}
        for line in lines:
            path = self.rehearsal if line.channel is Channel.REHEARSAL else self.real
            texts.setdefault(path, []).append(f"{line.text}\n")
        for path, some in texts.items():
            with path.open("a", encoding="utf-8") as file:
                file.write("".join(some))
                file.flush()
                os.fsync(file.fileno())


def _finish_last_line(path: Path) -> None:
    """A line torn by a power cut must not take the next one with it."""
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
