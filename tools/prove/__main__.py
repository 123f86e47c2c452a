"""Proves the numbers under faults on real Kafka: `python -m tools.prove [--only NAME] [--seed N] [--quick]`.

Each scenario has a bed of its own, which is removed if the verdict is good. A whole run writes docs/proof.md.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from schemas.catalogue import load_feeds
from streams.publisher import read_reference
from tools.errors import ToolError
from tools.jars import ROOT
from tools.prove import report, spoil
from tools.prove.bed import Bed
from tools.prove.judge import Judgement, judge
from tools.prove.load import Load
from tools.prove.report import Outcome
from tools.prove.scenarios import SCENARIOS, Scenario
from tools.prove.stage import Stage
from tools.prove.story import story
from tools.prove.waiting import NotSeen
from tools.prove.watch import Watch

PAST_MINUTES: Final = 3 * 24 * 60
"""The story begins so long ago: a load of minutes tells most of a day, and never comes to the present."""

QUICK_RATE: Final = 400.0
PAGE: Final = ROOT / "docs/proof.md"


def main(words: Sequence[str] | None = None) -> int:
    """Runs the scenarios; 1 if any is wrong."""
    options = parse(words)
    seed = options.seed if options.seed is not None else Random().randrange(1, 10_000)
    chosen = [one for one in SCENARIOS if options.only in (None, one.name)]
    if options.quick:
        chosen = [one._replace(rate=QUICK_RATE) for one in chosen[:1]]
    outcomes = []
    for scenario in chosen:
        outcomes.append(prove(scenario, seed))
        say("\n".join([report.line(outcomes[-1]), *report.complaints(outcomes[-1])]))
    say("\n" + report.table(outcomes))
    wrong = [one.scenario.name for one in outcomes if not one.judgement.exact]
    if len(chosen) == len(SCENARIOS) and not wrong:
        PAGE.write_text(report.page(outcomes, len(spoil.KINDS)), encoding="utf-8")
        say(f"written: {PAGE.relative_to(ROOT)}")
    return 1 if wrong else 0


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.prove", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[one.name for one in SCENARIOS], metavar="NAME",
                        help=f"one scenario: {', '.join(one.name for one in SCENARIOS)}")
    parser.add_argument("--seed", type=int, metavar="N", help="tell the same story again; default: another each time")
    parser.add_argument("--quick", action="store_true", help="the first scenario with a smaller load, about a minute")
    return parser.parse_args(words)


def prove(scenario: Scenario, seed: int) -> Outcome:
    """One scenario from an empty broker to the verdict; the bed is kept if it is wrong."""
    say(f"... {scenario.name}: {scenario.vi} / {scenario.en}")
    began, bed, faults = time.monotonic(), Bed(), list[str]()
    try:
        with bed:
            found = _run(scenario, seed, bed, faults)
    except ToolError as error:
        found = Judgement([str(error)])
    if found.exact:
        bed.clear()
    else:
        say(_where(bed.folder, faults))
    return Outcome(scenario, seed, found, faults, bed.mended, time.monotonic() - began)


def _run(scenario: Scenario, seed: int, bed: Bed, faults: list[str]) -> Judgement:
    feeds, reference = load_feeds(), read_reference(ROOT / "reference")
    since = time.time_ns() // 60_000_000_000 - PAST_MINUTES
    shots = story(seed, since, {feed.name: feed for feed in feeds}, reference)
    watch, load = Watch(bed), Load(bed.broker.address, shots, scenario.rate)
    stage = Stage(bed, load, watch, Random(f"{seed}:{scenario.name}"), faults=faults)
    for _ in range(scenario.workers):
        bed.join()
    load.start()
    watch.start()
    try:
        scenario.act(stage)
        found = judge(stage, feeds)
    except ToolError as error:
        found = Judgement([str(error)])
    finally:
        load.finish()
        watch.finish()
    found.problems += stage.remarks
    if len(faults) < scenario.faults:
        found.problems.append(f"only {len(faults)} of {scenario.faults} faults happened")
    if not found.exact:
        bed.dump()
    return found


def _where(folder: Path, faults: Sequence[str]) -> str:
    return "\n".join([f"    logs, pages and recount.json are kept in {folder}", *(f"    {text}" for text in faults)])


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ToolError, NotSeen) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
