"""The verbs of the local stack: `python -m tools.stack up | down | status | prepare`."""

import errno
import fcntl
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.errors import ToolError
from tools.stack import down, places, programs, state, table, up
from tools.stack.interrupt import insisting
from tools.stack.plan import read_plan


def bring_up() -> int:
    """Starts what does not run, and shows the table."""
    print("Bringing the local stack up")
    with alone():
        changes = up.bring_up(read_plan())
    print("" if changes else "  Nothing to do: everything runs already.\n")
    print(f"{table.draw(programs.declared(), state.load())}\n\n{table.what_next(programs.declared())}")
    return 0


def take_down() -> int:
    """Ends what is recorded as ours."""
    with alone():
        ended, stale = down.take_down()
    if not ended and not stale:
        print("Nothing runs here.")
        return 0
    remark = f", {stale} stale records cleared" if stale else ""
    print(f"Ended {ended} processes{remark}; the data is kept in {places.VAR}.")
    return 0


def show_status() -> int:
    """Shows the table; 1 when something that shall run does not."""
    declared, known = programs.declared(), state.load()
    if not declared:
        print("Nothing runs here; start it with: make up")
        return 0
    print(table.draw(declared, known))
    if table.all_is_well(declared, known):
        return 0
    print("Not everything runs: read the log of what ended; a dead supervisor is replaced by: make up")
    return 1


def prepare() -> int:
    """Installs what development and tests need, starts nothing."""
    with alone():
        up.check_room()
        up.prepare("dev", with_prometheus=True)
    return 0


VERBS: dict[str, Callable[[], int]] = {"up": bring_up, "down": take_down, "status": show_status, "prepare": prepare}


@contextmanager
def alone() -> Iterator[None]:
    """Keeps a second `up` or `down` of this clone out meanwhile.

    Raises:
        ToolError: another one is at work.
    """
    places.RUN.mkdir(parents=True, exist_ok=True)
    with places.BUSY.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError("another make up or make down is at work in this clone; wait until it ends") from None
        yield


def main(arguments: list[str]) -> int:
    """Runs one verb; every trouble is one sentence."""
    if len(arguments) != 1 or arguments[0] not in VERBS:
        print(f"usage: python -m tools.stack {' | '.join(VERBS)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with insisting():
            return VERBS[arguments[0]]()
    except ToolError as error:
        print(f"\n{error}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again.", file=sys.stderr)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print("\nThe disk is full; make room (old logs in var/log?) and run the same command again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
