"""IOC-1 whole: the log stored once, rounds in which everybody drains it, then each killed at seeded moments."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ioc1 import events, log
from benchmarks.ioc1.entrants import Victim, beginnings, entrants, killed_state, victims
from benchmarks.ioc1.kills import Killed
from benchmarks.running import ROOT, BenchError
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.entrants import OURS, state_of
from benchmarks.ysb.log import make_topics, topic_of
from benchmarks.ysb.rounds import Contest, Turn, take_turns


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events, how many rounds; the seeds of the kills."""

    events: int = 1_400_000
    rounds: int = 5
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Found:
    """The drains, and of each victim what its killed drains came to, or why there are none."""

    drains: Contest
    truth: dict[str, int]
    victims: tuple[Victim, ...] = ()
    killed: dict[str, list[Killed]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


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
    drains = take_turns(bed, found, sizes.rounds, lambda text: say(f"ioc1 {text}"), turn)
    result = Found(drains, dict(bed.stored.truth[sizes.events]), tuple(victims(sizes.events)))
    for seed in sizes.seeds:
        for each in result.victims:
            if each.drain is not None and each.name not in result.failed:
                say(f"ioc1, seed {seed}, {each.name} killed: {_killed(result, each, bed, seed)}")
    return result


def _killed(result: Found, each: Victim, bed: Bed, seed: int) -> str:
    """One drain with kills; a contestant that does not come to its end is out, and the page says why."""
    assert each.drain is not None
    try:
        found = each.drain(bed, seed)
    except BenchError as error:
        result.failed[each.name] = str(error)
        return f"failed: {error}"
    result.killed.setdefault(each.name, []).append(found)
    return f"{len(found.kills)} times, {found.wrong or 'exact'}"
