"""The table at the end of `make up` and of `make status`: what runs, where, and what to do next."""

import os
import subprocess
from collections.abc import Mapping

from tools import environment
from tools.jars import ROOT
from tools.stack import places
from tools.stack.programs import Program
from tools.stack.state import Standings, State

PROVENANCES = {"replay": "replay", "simulate": "simulated"}
"""Which numbers a player makes move."""

TITLES = ("", "PROGRAM", "STATE", "PID", "RESTARTS", "WHERE", "LOG")


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
    asked = "" if prometheus.port == 9090 else f"IOC_PROMETHEUS_URL={prometheus.url} "
    python = environment.folder()
    ioc = "ioc" if python != ROOT / ".venv" else ".venv/bin/ioc"
    return "\n".join([
        *_walls(declared),
        "Tiếp theo · Next",
        f"  tail -f {places.short(places.NOTIFY)}/*.log   cảnh báo thật; phát lại, mô phỏng: rehearsal.log · alerts",
        f"  {brokers}{ioc} recount   proves every number on the page from the topics",
        f"  {asked}{ioc} check   rules, routes, metrics and panels of what runs here",
        f"  {prometheus.url}/graph   ask for a recorded name, they begin with ioc:",
        "  make status | make down          the table again | end everything, keep the data",
    ])


def _walls(declared: Mapping[str, Program]) -> list[str]:
    """The address of every wall, for the numbers that move here; none while the page cannot list them."""
    viewer = declared.get("viewer")
    if viewer is None:
        return []
    provenance = next((word for player, word in PROVENANCES.items() if player in declared), "real")
    done = subprocess.run([*viewer.command, "--list", "--provenance", provenance], cwd=viewer.folder, text=True,
                          env={**os.environ, **viewer.environment}, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    walls = done.stdout.splitlines() if done.returncode == 0 else [viewer.url]
    return ["Màn hình · Walls", *(f"  {line}" for line in walls)]


def all_is_well(declared: Mapping[str, Program], state: State) -> bool:
    """Whether everything that shall run does."""
    standings = [state.programs.get(name) for name in declared]
    return state.is_supervised() and all(one is not None and one.standing != "waiting" for one in standings)


def _row(program: Program, state: State) -> tuple[str, ...]:
    one = state.programs.get(program.name)
    alive = one.process if one and one.process and one.process.is_alive() else None
    standing = _standing(one)
    return ("✓" if standing in ("running", "finished") else "✗", program.name, standing,
            str(alive.pid) if alive else "-", str(one.restarts if one else 0), program.url or "-",
            places.short(program.log))


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
            places.short(places.LOGS / "supervisor.log"))
