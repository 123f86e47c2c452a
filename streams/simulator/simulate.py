"""`ioc simulate [scenario]`: an invented day, marked as simulated: the last hours at once, then with the clock.

It goes on where the topics end, as a replay does; after a longer pause with the last three days.
"""

import argparse
from collections.abc import Iterator
from importlib import import_module
from itertools import chain, takewhile
from pathlib import Path
from typing import Final, cast

from schemas.catalogue import load_feeds
from schemas.feed import Feed
from schemas.reference import Reference
from streams.publisher import Line, read_reference, written
from streams.settings import Settings
from streams.simulator.outlet import KafkaOutlet, Progress, Stop
from streams.simulator.player import Planned, Player, WallClock, held
from streams.simulator.scenarios.scenario import MINUTE, Born, minute_of, tell

DEFAULT: Final = "ordinary_monday"
PAST: Final = 6 * 60
LOOK_BACK: Final = 3 * 24 * 60
"""Minutes; longer than any story of a scenario lasts."""


def scenarios() -> tuple[str, ...]:
    """The names of all scenarios."""
    folder = Path(__file__).parent / "scenarios"
    return tuple(sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "scenario")))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    parser.add_argument("scenario", nargs="?", default=DEFAULT, choices=scenarios(), help=f"default: {DEFAULT}")
    parser.add_argument("--seed", default="1", help="another seed tells another story; default: 1")
    parser.add_argument("--past-only", action="store_true", help="end when the past is played")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Play the scenario until told to stop; 1 if the schema refused one of its events."""
    feeds, reference = {feed.name: feed for feed in load_feeds(settings.feeds)}, read_reference(settings.reference)
    clock, stop = WallClock(), Stop()
    now = clock.now()
    there = already(settings, feeds, now)
    since = first_minute(there, now)
    born = cast("Born", import_module(f"streams.simulator.scenarios.{args.scenario}").born)

    def items() -> Iterator[Planned]:
        return fresh(born, args.seed, since, reference, feeds, there)

    past = sum(1 for _ in takewhile(lambda item: item.at <= now, items()))
    print(f"{args.scenario}: {len(there)} events there already, {past} of the past to play", flush=True)
    with Line(settings.brokers, max_bytes=settings.max_event_bytes) as line:
        outlet = KafkaOutlet(line, list(feeds.values()), reference, max_bytes=settings.max_event_bytes)
        progress = Progress(past, clock.now)
        tally = Player(outlet, clock, stop, progress, past_only=args.past_only).play(items())
    progress.done(tally)
    return 1 if tally.refused else 0


def already(settings: Settings, feeds: dict[str, Feed], now: int) -> dict[str, int]:
    """What the topics hold of scenarios, as far back as a story may reach."""
    since = now - LOOK_BACK * MINUTE
    records = chain.from_iterable(written(settings.brokers, feed.topic, since_ms=since) for feed in feeds.values())
    return held(records, None, "simulated")


def first_minute(there: dict[str, int], now: int) -> int:
    """The minute with which to begin: that of the oldest story there, else PAST ago."""
    minutes = [minute for name in there if (minute := minute_of(name)) is not None]
    return max(min(minutes, default=now // MINUTE - PAST), now // MINUTE - LOOK_BACK)


def fresh(born: Born, seed: str, since: int, reference: Reference, feeds: dict[str, Feed], there: dict[str, int]
          ) -> Iterator[Planned]:
    """The records of the scenario that are not there yet."""
    story = tell(born, seed=seed, since=since, reference=reference, feeds=feeds)
    return (item for item in story if item.id not in there)
