"""Everybody who takes part in IOC-1: ours, the faster engine of the JVM with its keyed state, stock Faust."""

import sys

from benchmarks.ioc1 import kills
from benchmarks.ioc1.contest import ours, peer
from benchmarks.ioc1.kills import Killed
from benchmarks.peers import java
from benchmarks.result import Run
from benchmarks.ysb.entrants import OURS, Entrant, drain_of, of_jvm, of_ours
from tools.errors import ToolError

FLINK = "flink-ioc1"
FAUST = (sys.executable, "-m", "benchmarks.peers.faust_deduplicated")
FAUST_TITLE, FLINK_TITLE = "stock Faust, a table of ids", "Flink, keyed state with time to live"
FAUST_EVENTS, FAUST_KILLED_EVENTS = 6_000, 20_000
"""It commits seldom under load, and a kill must find it at work."""
KILLED = "bench.killed"


def entrants(whole: int) -> list[Entrant[Run]]:
    """All of them, for a log of so many events."""
    slow = beginning(whole)
    return [*of_ours(whole, ours), *of_jvm("flink", FLINK_TITLE, FLINK, whole, peer),
            Entrant("faust", FAUST_TITLE, slow, drain_of(peer, FAUST, slow))]


def beginning(whole: int) -> int:
    """Of how many events stock Faust drains."""
    return min(FAUST_EVENTS, whole // 40)


def beginnings(whole: int) -> set[int]:
    """Of which lengths beginnings are stored, beside the whole."""
    return {beginning(whole), _killed_beginning(whole)}


def _killed_beginning(whole: int) -> int:
    """Of how many events stock Faust drains when it is killed."""
    return min(FAUST_KILLED_EVENTS, whole // 12)


def victims(whole: int) -> list[Entrant[Killed]]:
    """Who is killed: one form of each; the number of a round is the seed of its kills."""
    command, why = _flink_command()
    begun = _killed_beginning(whole)
    return [
        Entrant("ours", OURS["ours"][0], whole, lambda bed, seed: kills.ours(bed, killed_state(seed), seed)),
        Entrant("flink", FLINK_TITLE, whole, None if command is None else
                lambda bed, seed: kills.peer(bed, command, whole, seed), why),
        Entrant("faust", FAUST_TITLE, begun, lambda bed, seed: kills.peer(bed, FAUST, begun, seed)),
    ]


def killed_state(seed: int) -> str:
    """The state topic of our worker that is killed."""
    return f"{KILLED}.{seed}"


def _flink_command() -> tuple[tuple[str, ...] | None, str]:
    try:
        return tuple(java.command(FLINK)), ""
    except ToolError as error:
        return None, str(error)
