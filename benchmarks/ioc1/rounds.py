"""IOC-1 whole: the log stored once, rounds in which everybody drains it, then each killed at seeded moments."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ioc1 import events, log
from benchmarks.ioc1.entrants import beginnings, entrants, killed_state, victims
from benchmarks.ioc1.kills import Killed
from benchmarks.result import Run
from benchmarks.running import ROOT
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.entrants import OURS, state_of
from benchmarks.ysb.log import make_topics, topic_of
from benchmarks.ysb.rounds import Contest, Turn, take_turns


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events, how many rounds; the seeds of the kills."""

    events: int = 1_200_000
    rounds: int = 5
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Found:
    """The drains, what the whole log comes to, and the drains that were killed."""

    drains: Contest[Run]
    truth: dict[str, int]
    killed: Contest[Killed]


def contest(broker: str, folder: Path, sizes: Sizes, say: Callable[[str], None], turn: Turn = nullcontext) -> Found:
    """Stores the log, runs all rounds and all kills; `turn` is entered around each drain that is measured."""
    say("getting the contestants ready")
    found, lengths = entrants(sizes.events), {sizes.events, *beginnings(sizes.events)}
    states = [state_of(name, number) for name in OURS for number in range(sizes.rounds)]
    states += map(killed_state, sizes.seeds)
    make_topics(broker, states, [topic_of(number, sizes.events, log.feed()) for number in lengths], log.feed())
    say(f"making and storing {sizes.events:,} events")
    bed = Bed(broker, folder, asyncio.run(log.store(broker, sizes.events, lengths, events.Shares())))
    events.write_routes(bed.ads)
    events.write_reference(ROOT / "reference", bed.reference)
    drains = take_turns(bed, found, range(sizes.rounds), lambda text: say(f"ioc1 {text}"), turn)
    killed = take_turns(bed, victims(sizes.events), sizes.seeds, lambda text: say(f"ioc1 killed {text}"))
    return Found(drains, dict(bed.stored.truth[sizes.events]), killed)
