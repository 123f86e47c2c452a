"""Keeps the programs of the stack running: `python -m tools.stack.supervisor`, a process that outlives `make up`.

A program that ends is started again after a pause that doubles from one second to a minute, and is back at one second
once the program has run for a minute. It starts and ends what the files in var/run/programs say.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools.stack import places, processes, programs, state
from tools.stack.processes import Process
from tools.stack.programs import Program

BEAT = 0.2
PAUSE_AT_FIRST, PAUSE_AT_MOST, STEADY = 1.0, 60.0, 60.0  # seconds
LOG_AT_MOST = 50_000_000  # bytes; a longer log is put aside when its program starts


@dataclass
class Charge:
    """A program in the supervisor's care."""

    program: Program
    standings: state.Standings
    child: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float = 0.0
    pause: float = field(default=PAUSE_AT_FIRST)

    def start(self) -> None:
        """Starts its process; one that cannot be started counts as one that ended at once."""
        log = Path(self.program.log)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_AT_MOST:
            log.replace(log.with_suffix(".old.log"))
        self.began = time.monotonic()
        with log.open("ab") as output:
            try:
                self.child = subprocess.Popen(
                    self.program.command, cwd=self.program.folder, env={**os.environ, **self.program.environment},
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
                self.standings.process, self.standings.standing = Process.of(self.child.pid), "running"
            except OSError as error:
                output.write(f"{error}\n".encode())
                self.put_off(127)

    def check(self) -> bool:
        """Notes an end and starts again when it is time; whether anything changed."""
        if self.child is None:
            if self.standings.standing == "waiting" and time.monotonic() >= self.due:
                self.standings.restarts += 1 if self.began else 0
                self.start()
                return True
            return False
        code = self.child.poll()
        if code is None:
            return False
        self.put_off(code)
        return True

    def put_off(self, code: int) -> None:
        """Notes the end of its process and when the next one is due."""
        if self.program.finishes and code == 0:
            self.standings.standing = "finished"
        else:
            self.standings.standing = "waiting"
            if time.monotonic() - self.began > STEADY:
                self.pause = PAUSE_AT_FIRST
            self.due = time.monotonic() + self.pause
            print(f"{stamp()} {self.program.name} ended with code {code}; again in {self.pause:.0f} s", flush=True)
            self.pause = min(2 * self.pause, PAUSE_AT_MOST)
        self.child, self.standings.process, self.standings.code = None, None, code


class Supervisor:
    """All charges of one stack."""

    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.state = state.State(supervisor=Process.of(os.getpid()))
        self.ends = False

    def run(self) -> None:
        """Works until asked to end, then ends everything, last started first."""
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)
        self.state.save()
        while not self.ends:
            if self._obey() | self._watch():
                self.state.save()
            time.sleep(BEAT)
        self._end(list(self.charges))
        places.STATE.unlink(missing_ok=True)

    def _ask(self, *_: object) -> None:
        self.ends = True

    def _obey(self) -> bool:
        """Takes up new programs, drops withdrawn ones; a changed one is dropped and taken up."""
        wanted = programs.declared()
        gone = [name for name, charge in self.charges.items() if wanted.get(name) != charge.program]
        if gone:
            self._end(gone)
        fresh = [program for name, program in wanted.items() if name not in self.charges]
        for program in fresh:
            standings = state.Standings(order=program.order, declared=program.digest)
            self.charges[program.name] = Charge(program, standings)
            self.state.programs[program.name] = standings
            self.charges[program.name].start()
            self.state.save()  # at once: a process that is not recorded could be left behind
        return bool(gone or fresh)

    def _watch(self) -> bool:
        changes = [charge.check() for charge in self.charges.values()]  # each must be looked at, so no short cut
        return any(changes)

    def _end(self, names: list[str]) -> None:
        """Ends charges, last started first, and forgets them."""
        groups: dict[int, list[str]] = {}
        for name in names:
            groups.setdefault(self.charges[name].program.order, []).append(name)
        for order in sorted(groups, reverse=True):
            gone = [self.charges.pop(name) for name in groups[order]]
            processes.end([charge.standings.process for charge in gone if charge.standings.process])
            for charge in gone:
                if charge.child:
                    charge.child.wait()
                self.state.programs.pop(charge.program.name, None)
            self.state.save()


def stamp() -> str:
    """The moment, for a line of the supervisor's log."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def main() -> int:
    """Runs the one supervisor of this clone; a second one refuses."""
    places.RUN.mkdir(parents=True, exist_ok=True)
    with places.ALIVE.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another supervisor already runs here", file=sys.stderr)
            return 1
        Supervisor().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
