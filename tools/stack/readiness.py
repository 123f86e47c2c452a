"""Whether a program of the stack works, not only lives."""

import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.broker import cluster_id
from tools.errors import ToolError
from tools.progress import Step, complaint
from tools.stack import places, state
from tools.stack.programs import Program

PATIENCE = 90.0  # seconds until a program must answer
LONG = 30.0  # seconds after which being alive is enough
SETTLED = 2.0  # seconds a program without an address must live to count as working

REMEDIES = {
    "kafka": f"read its log; if its data cannot be mended, move {places.BROKER} away and begin with empty topics",
    "alertmanager": f"read its log; if its data cannot be mended, move {places.ALERTMANAGER} away",
    "notify": f"read its log; if what it remembers cannot be mended, move {places.NOTIFY}/memory.json away",
    "prometheus": f"read its log; if its data cannot be mended, move {places.PROMETHEUS} away",
}


def wait_until_ready(program: Program, shown: Step | None = None, patience: float = PATIENCE) -> None:
    """Waits until a program that was just started answers.

    A worker that has much to catch up is alive long before it is ready, and counts as started then.

    Raises:
        ToolError: it ended, or does not answer in time; names its log.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < patience:
        one = _standing(program)
        if one == "finished" or (one == "running" and _works(program, waited)):
            return
        if one == "running" and waited > LONG and program.alive and answers(program.alive):
            if shown:
                shown.remark = "catching up"
            return
        if shown:
            shown.doing("waiting for an answer")
        time.sleep(0.1)
    raise _trouble(program, f"does not answer after {patience:.0f} s")


def check_alive(program: Program, patience: float = LONG) -> None:
    """Makes sure that a program which runs already still works.

    Raises:
        ToolError: it ended, or does not answer in time; names its log.
    """
    until = time.monotonic() + patience
    while time.monotonic() < until:
        one = _standing(program)
        if one == "finished" or (one == "running" and _lives(program)):
            return
        time.sleep(0.1)
    raise _trouble(program, f"does not answer after {patience:.0f} s")


def _standing(program: Program) -> str:
    one = state.load().programs.get(program.name)
    if one and one.declared != program.digest:
        return ""  # an earlier one of the same name, which the supervisor is about to replace
    if one and one.code is not None and one.standing == "waiting":
        raise _trouble(program, f"ended with code {one.code}")
    return one.standing if one else ""


def _lives(program: Program) -> bool:
    return answers(program.alive) if program.alive else _works(program, SETTLED)


def _trouble(program: Program, what: str) -> ToolError:
    remedy = REMEDIES.get(program.name, "read its log")
    return ToolError(f"{program.name} {what} ({complaint(Path(program.log))}); {remedy}: {program.log}")


def _works(program: Program, waited: float) -> bool:
    if program.name == "kafka":
        return cluster_id(program.port) is not None
    if program.ready:
        return answers(program.ready)
    return waited >= SETTLED


def answers(url: str, seconds: float = 2) -> bool:
    """Whether the URL answers 200; proxies are for the world outside, not for the loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
