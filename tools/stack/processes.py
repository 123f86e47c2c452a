"""Processes as they are recorded: by number and moment of birth, because Linux gives a number out again."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process: `born` counts clock ticks since the boot named by `boot`."""

    pid: int
    born: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this number now.

        Raises:
            ProcessLookupError: none has.
        """
        born = _born(pid)
        if born is None:
            raise ProcessLookupError(pid)
        return cls(pid, born, boot())

    def is_alive(self) -> bool:
        """Whether this very process still runs; another one that got its number does not count."""
        return self.boot == boot() and _born(self.pid) == self.born

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it and what it started, unless it is gone."""
        if not self.is_alive():
            return
        try:
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def wait(self, seconds: float) -> bool:
        """Waits for its end; whether it came."""
        until = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


def boot() -> str:
    """Which run of the machine this is."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def end(processes: Sequence[Process], seconds: float = 20) -> None:
    """Ends processes in good order, all at once; those that do not hear are killed after `seconds`."""
    for process in processes:
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGCONT)  # a stopped process hears nothing else
    until = time.monotonic() + seconds
    for process in processes:
        if not process.wait(max(0.0, until - time.monotonic())):
            process.signal(signal.SIGKILL)
            process.wait(5)


def _born(pid: int) -> int | None:
    """Field 22 of proc(5) stat; None when there is no such process, or only its exit code is left."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = line.rpartition(")")[2].split()  # the name in parentheses may hold spaces and parentheses
    return None if fields[0] in "ZX" else int(fields[19])
