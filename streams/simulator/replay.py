"""`ioc replay <file or folder>...`: real foreign recordings, moved so that now lies inside them, marked as replays.

    ioc replay ../shared/data --dry-run     what is in the files and where it would come to lie
    ioc replay ../shared/data               plays the past at once, then goes on with the clock

What the topics hold already is not sent again: it may be stopped and killed at any time. Two replays of one recording
at a time are not provided for.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from schemas.catalogue import load_feeds
from schemas.feed import Feed
from streams.publisher import Line, read_reference, written
from streams.settings import Settings
from streams.simulator.outlet import KafkaOutlet, Progress, Stop, clock
from streams.simulator.player import Planned, Player, Schedule, WallClock, held, planned, resumed, schedule, together
from streams.simulator.recordings.library import Found, find
from streams.simulator.recordings.recording import Recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="file or folder", help="recorded data")
    parser.add_argument("--speed", type=speed, default=None, metavar="N",
                        help="play the past N times as fast as it happened; default: as fast as it can be sent")
    parser.add_argument("--past-only", action="store_true", help="end when the past is played")
    parser.add_argument("--dry-run", action="store_true", help="say what would be played, without Kafka")


def speed(text: str) -> float:
    """A factor above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no speed: give a number above 0")
    return number


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Play the recordings; 1 if there is none, or the schema refused one of their events."""
    feeds = {feed.name: feed for feed in load_feeds(settings.feeds)}
    found = find(args.paths, feeds.values())
    report_skipped(found)
    if not found.recordings:
        print("nothing to play")
        return 1
    clock_ = WallClock()
    if args.dry_run:
        for recording in found.recordings:
            print("\n".join(describe(recording, schedule(recording, clock_.now()), clock_.now())))
        return 0
    stop, now = Stop(), clock_.now()
    plans = [prepare(settings, recording, feeds[recording.feed], now) for recording in found.recordings]
    with Line(settings.brokers, max_bytes=settings.max_event_bytes) as line:
        reference = read_reference(settings.reference)
        outlet = KafkaOutlet(line, list(feeds.values()), reference, max_bytes=settings.max_event_bytes)
        progress = Progress(sum(past for _, past in plans), clock_.now)
        player = Player(outlet, clock_, stop, progress, args.speed, args.past_only)
        tally = player.play(together(items for items, _ in plans))
    progress.done(tally)
    return 1 if tally.refused else 0


def prepare(settings: Settings, recording: Recording, feed: Feed, now: int) -> tuple[Iterator[Planned], int]:
    """What is left to play of a recording, and how much of that is past."""
    there = held(written(settings.brokers, feed.topic), recording.source, "replay")
    known = resumed(recording, there)
    plan = known or schedule(recording, now)
    past = sum(1 for _ in takewhile(lambda item: item.at <= now, planned(recording, feed, plan, there)))
    where = f"resumed, {len(there)} there already" if known else "new"
    print(f"{recording.name}: {where}, {past} events of the past to play, shift {shift_text(plan)}", flush=True)
    return planned(recording, feed, plan, there), past


def report_skipped(found: Found) -> None:
    """Say which files are not played and why."""
    for path, reason in found.skipped:
        print(f"{path.name}: skipped, {reason}")


def describe(recording: Recording, plan: Schedule, now: int) -> Iterable[str]:
    """What is in a recording and where it would lie."""
    actions = Counter(event.action for event in recording.events)
    past = sum(event.at + plan.shift <= now for event in recording.events)
    rounds = (now - recording.first - plan.shift) // plan.period
    yield f"{recording.name}: {len(recording.events)} events of feed {recording.feed} from {recording.source}"
    yield "  " + ", ".join(f"{number} {action}" for action, number in actions.most_common())
    yield f"  recorded {clock(recording.first)} to {clock(recording.last)}, shift {shift_text(plan)}"
    moved = f"{clock(recording.first + plan.shift)} to {clock(recording.last + plan.shift)}"
    yield f"  moved to {moved}, {past} of them past"
    if rounds > 0:
        yield f"  repeated end to end every {plan.period / 60_000:.1f} min; {rounds} whole rounds lie in the past"
    for reason, number in recording.unmapped.most_common():
        yield f"  not mapped: {number} x {reason}"


def shift_text(plan: Schedule) -> str:
    """A shift in weeks, or in days."""
    weeks, rest = divmod(plan.shift, 7 * 86_400_000)
    return f"{weeks} weeks" if rest == 0 else f"{plan.shift / 86_400_000:.3f} days"
