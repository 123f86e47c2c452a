"""The contest: the log stored once, then rounds in which everybody takes a turn: a disturbance hits all alike."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from benchmarks.result import Run
from benchmarks.running import BenchError
from benchmarks.ysb import log
from benchmarks.ysb.contest import Bed, prepare
from benchmarks.ysb.entrants import OURS, Entrant, Result, entrants, state_of

Turn = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events, how many rounds."""

    events: int = 3_000_000
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Contest(Generic[Result]):
    """What was found: the runs of each entrant in the order of the rounds, what failed, how loaded the machine was."""

    events: int
    mean_bytes: float
    entrants: tuple[Entrant[Result], ...]
    runs: dict[str, list[Result]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)


def contest(broker: str, folder: Path, sizes: Sizes, say: Callable[[str], None],
            turn: Turn = nullcontext) -> Contest[Run]:
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
    return take_turns(bed, found, range(sizes.rounds), lambda text: say(f"ysb {text}"), turn)


def take_turns(bed: Bed, found: Sequence[Entrant[Result]], rounds: Sequence[int], say: Callable[[str], None],
               turn: Turn = nullcontext) -> Contest[Result]:
    """Everybody drains once a round; who fails is out, and the page says why. A drain is told the round's number."""
    result: Contest[Result] = Contest(bed.stored.events, bed.stored.mean_bytes, tuple(found))
    for place, number in enumerate(rounds, 1):
        for each in found:
            if each.drain is None or each.name in result.failed:
                continue
            with turn():
                result.loads.append(os.getloadavg()[0])
                try:
                    run = each.drain(bed, number)
                except BenchError as error:
                    result.failed[each.name] = str(error)
                    told = f"failed: {error}"
                else:
                    result.runs.setdefault(each.name, []).append(run)
                    told = str(run)
            say(f"{place}/{len(rounds)}, {each.name}: {told}")
    return result
