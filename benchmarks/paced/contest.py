"""The paced contest: each engine up the ladder in turn, then each killed under load."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.paced.engines import SHOWN_EACH_SECONDS, STATE_TOPIC, Engine, Ours, Peer, topic_of
from benchmarks.paced.kills import Killed, kill
from benchmarks.paced.ladder import Climbed, climb
from benchmarks.paced.plan import Step, write
from benchmarks.running import BenchError
from benchmarks.ysb import log
from benchmarks.ysb.contest import Bed, prepare
from benchmarks.ysb.entrants import JAVA_TITLES
from tools.errors import ToolError

PEERS = ("flink-operator", "streams-store")
TITLES = {"ours": "`ioc worker`", **{name: JAVA_TITLES[name] for name in PEERS}}
ASK_SECONDS = 0.1
"""Between two pages while the end of a kill is waited for; a page costs CPU, which counts elsewhere."""
LADDER = (1000, 5000, 20_000, 50_000, 100_000)
WARM, KILLED = Step(5000, 15), Step(5000, 120)
FreshBroker = Callable[[str], AbstractContextManager[tuple[str, Path]]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The steps, the first to warm up; the load under which engines are killed, and how often."""

    steps: tuple[Step, ...] = (WARM, *(Step(rate, 15) for rate in LADDER))
    killed: Step = KILLED
    kills: int = 3


QUICK = Sizes((Step(5000, 3), Step(1000, 4), Step(20_000, 4)), Step(2000, 24), 1)


@dataclass(frozen=True, slots=True)
class Paced:
    """What was found, by the name of the engine: steps climbed, kills survived, why something failed; load averages."""

    sizes: Sizes
    titles: dict[str, str]
    climbed: dict[str, list[Climbed]] = field(default_factory=dict)
    killed: dict[str, Killed] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)


def contest(fresh: FreshBroker, sizes: Sizes, say: Callable[[str], None]) -> Paced:
    """All of it; each half on a broker of its own."""
    found = Paced(sizes, dict(TITLES))
    with fresh("paced") as (broker, folder):
        loads = write(folder, sizes.steps)
        for engine in _engines(broker, folder, found, SHOWN_EACH_SECONDS):
            try:
                found.climbed[engine.name] = climb(engine, broker, loads, say)
            except BenchError as error:
                found.failed[engine.name] = str(error)
                say(f"paced, {engine.name}: failed: {error}")
    with fresh("kill -9") as (broker, folder):
        [load] = write(folder, [sizes.killed])
        for engine in _engines(broker, folder, found, ASK_SECONDS):
            try:
                found.killed[engine.name] = kill(engine, broker, load, sizes.kills, say)
            except BenchError as error:
                found.failed[engine.name] = str(error)
                say(f"kill -9, {engine.name}: failed: {error}")
    return found


def _engines(broker: str, folder: Path, found: Paced, ask_seconds: float) -> Iterator[Engine]:
    """Each when its turn comes; one that cannot be built says why. Our page is asked so often."""
    bed = Bed(broker, folder)
    prepare(bed)
    log.make_topics(broker, [STATE_TOPIC], [topic_of(name) for name in PEERS])
    for name in found.titles:
        found.loads.append(os.getloadavg()[0])
        try:
            yield Peer(bed, name) if name in PEERS else Ours(bed, ask_seconds)
        except ToolError as error:
            found.failed[name] = str(error)
