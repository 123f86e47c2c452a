"""The table at the end of `make up` and of `make status`: what runs, where, and what to do next."""

from collections.abc import Mapping

from tools import environment
from tools.jars import ROOT
from tools.stack import places
from tools.stack.programs import Program
from tools.stack.state import Standings, State

TITLES = ("", "PROGRAM", "STATE", "PID", "RESTARTS", "URL", "LOG")


def draw(declared: Mapping[str, Program], state: State) -> str:
    """The table as text."""
    rows = [TITLES, *[_row(program, state) for program in declared.values()], _supervisor(state)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TITLES))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(["Đang chạy · What runs", *lines])


def what_next(declared: Mapping[str, Program]) -> str:
    """What to do now, with commands that fit this stack."""
    kafka, prometheus = declared["kafka"], declared["prometheus"]
    brokers = "" if kafka.port == 9092 else f"IOC_BROKERS={kafka.url} "
    python = environment.folder()
    ioc = "ioc" if python != ROOT / ".venv" else ".venv/bin/ioc"
    return "\n".join([
        "Tiếp theo · Next",
        f"  {brokers}{ioc} recount   proves every number on the page from the topics",
        f"  {prometheus.url}/graph   ask for a recorded name, they begin with ioc:",
        "  make status | make down          the table again | end everything, keep the data",
    ])


def all_is_well(declared: Mapping[str, Program], state: State) -> bool:
    """Whether everything that shall run does."""
    standings = [state.programs.get(name) for name in declared]
    return state.is_supervised() and all(one is not None and one.standing != "waiting" for one in standings)


def _row(program: Program, state: State) -> tuple[str, ...]:
    one = state.programs.get(program.name)
    alive = one.process if one and one.process and one.process.is_alive() else None
    standing = _standing(one)
    return ("✓" if standing in ("running", "finished") else "✗", program.name, standing,
            str(alive.pid) if alive else "-", str(one.restarts if one else 0), program.url or "-", _short(program.log))


def _standing(one: Standings | None) -> str:
    if one is None:
        return "starting"
    if one.standing == "waiting":
        return f"ended ({one.code})"
    if one.standing == "running" and not (one.process and one.process.is_alive()):
        return "dead"
    return one.standing


def _supervisor(state: State) -> tuple[str, ...]:
    alive = state.is_supervised()
    pid = str(state.supervisor.pid) if state.supervisor and alive else "-"
    return ("✓" if alive else "✗", "supervisor", "running" if alive else "dead", pid, "-", "-",
            _short(str(places.LOGS / "supervisor.log")))


def _short(path: str) -> str:
    return path.removeprefix(f"{ROOT}/")
