"""`make down`: ends what the records say is ours, and nothing else; keeps the data."""

from tools.stack import places, processes, state
from tools.stack.processes import Process

PATIENCE = 60.0  # seconds the supervisor has for ending everything in order


def take_down() -> tuple[int, int]:
    """Ends the stack; answers how many processes it ended and how many records were stale.

    The programs keep being declared until nothing runs, so that an interrupted `down` can be repeated.
    """
    known = state.load()
    children = [one.process for one in known.programs.values() if one.process]
    everything = [*children, *([known.supervisor] if known.supervisor else [])]
    alive = [process for process in everything if process.is_alive()]
    if known.supervisor:
        processes.end([known.supervisor], PATIENCE)
    _end_orphans()
    for leftover in children:  # what the file named before the supervisor rewrote it
        if leftover.is_alive():
            processes.end([leftover])
    places.STATE.unlink(missing_ok=True)
    for file in places.PROGRAMS.glob("*.json"):
        file.unlink(missing_ok=True)
    return len(alive), len(everything) - len(alive)


def _end_orphans() -> None:
    """Ends programs whose supervisor is gone, last started first."""
    orphans: dict[int, list[Process]] = {}
    for one in state.load().programs.values():
        if one.process:
            orphans.setdefault(one.order, []).append(one.process)
    for order in sorted(orphans, reverse=True):
        processes.end(orphans[order])
