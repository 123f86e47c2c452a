"""One line per step with its duration, and what a long step is just doing."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

WIDTH = 79  # one line of the narrowest terminal, so that it can be drawn over


class Step:
    """One line on the screen while something is done."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.remark = ""
        self.began = time.monotonic()
        self._draws = sys.stdout.isatty()
        self._drawn = ""

    def doing(self, what: str) -> None:
        """Shows what is being done just now, where a line can be drawn over."""
        line = f"  … {self.title}: {what}"[:WIDTH]
        if self._draws and line != self._drawn:
            print(f"\r{line:<{WIDTH}}", end="", flush=True)
            self._drawn = line

    def end(self, mark: str) -> None:
        """Writes the line for good."""
        seconds = time.monotonic() - self.began
        start = "\r" if self._draws else ""
        line = f"  {mark} {self.title}{f': {self.remark}' if self.remark else ''}"
        print(f"{start}{line:<{WIDTH - 9}}{seconds:7.1f} s", flush=True)


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[Step]:
    """A step that ends with a tick, or with a cross when it fails."""
    one = Step(title)
    one.doing("")
    try:
        yield one
    except BaseException:
        one.end("✗")
        raise
    one.end("✓")


def run(command: Sequence[str], log: Path, shown: Step | None = None, folder: Path | None = None,
        environment: Mapping[str, str] | None = None) -> int:
    """Runs a program to its end; everything it says goes to the log, its newest line to the step; answers its code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", cwd=folder, env=environment) as process:
        try:
            for line in process.stdout or ():
                file.write(line)
                if shown and line.strip():
                    shown.doing(line.strip())
        except BaseException:
            process.kill()
            raise
    return process.returncode


def complaint(log: Path, limit: int = 300) -> str:
    """The line of a log that best says why its program failed, for one sentence."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-400:]] if log.exists() else []
    full = [line for line in lines if "No space left on device" in line]
    telling = [line for line in lines if any(word in line for word in ("ERROR", "Error", "FATAL", "E:", "Exception"))]
    return [*full[-1:], *telling[-1:], *[line for line in lines if line][-1:], "it said nothing"][0][:limit]
