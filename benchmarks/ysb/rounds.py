"""The contest: the log stored once, then rounds in which everybody takes a turn: a disturbance hits all alike."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.result import Run
from benchmarks.running import BenchError
from benchmarks.ysb import log
from benchmarks.ysb.contest import Bed, prepare
from benchmarks.ysb.entrants import OURS, Entrant, entrants, state_of

Turn = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events, how many rounds."""

    events: int = 3_000_000
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Contest:
    """What was found: the runs of each entrant in the order of the rounds, what failed, how loaded the machine was."""

    events: int
    mean_bytes: float
    entrants: tuple[Entrant, ...]
    runs: dict[str, list[Run]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)


def contest(broker: str, folder: Path, sizes: Sizes, say: Callable[[str], None], turn: Turn = nullcontext) -> Contest:
    """Stores the log and runs all rounds; `turn` is entered around each drain."""
    say("getting the contestants ready")
    found = entrants(sizes.events)
    states = [state_of(name, number) for name in OURS for number in range(sizes.rounds)]
    lengths = {each.number for each in found}
    log.make_topics(broker, states, {log.topic_of(number, sizes.events) for number in lengths})
    say(f"making and storing {sizes.events:,} events")
    stored = asyncio.run(log.store(broker, sizes.events, lengths))
    bed = Bed(broker, folder, stored)
    prepare(bed)
    return take_turns(bed, found, sizes.rounds, lambda text: say(f"ysb {text}"), turn)


def take_turns(bed: Bed, found: Sequence[Entrant], rounds: int, say: Callable[[str], None], turn: Turn) -> Contest:
    """Everybody drains once a round."""
    result = Contest(bed.stored.events, bed.stored.mean_bytes, tuple(found))
    for number in range(rounds):
        for each in found:
            if each.drain is not None and each.name not in result.failed:
                with turn():
                    result.loads.append(os.getloadavg()[0])
                    told = _take_turn(result, each, bed, number)
                say(f"{number + 1}/{rounds}, {each.name}: {told}")
    return result


def _take_turn(result: Contest, each: Entrant, bed: Bed, number: int) -> str:
    """One drain; a contestant that fails is out, and the page says why."""
    assert each.drain is not None
    try:
        run = each.drain(bed, number)
    except BenchError as error:
        result.failed[each.name] = str(error)
        return f"failed: {error}"
    result.runs.setdefault(each.name, []).append(run)
    verdict = "exact" if run.is_exact else "WRONG"
    return f"{run.cpu_us:.2f} µs/event, {run.rate:,.0f}/s, {run.peak_mb:,.0f} MB, {verdict}"
