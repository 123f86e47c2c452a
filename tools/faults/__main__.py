"""The fault matrix on real Kafka: `make faults [ONLY=T05] [SEED=7] [QUICK=1]`.

Each scenario has a bed of its own, or shares one with its like; it is removed if the verdict is good. A whole run
that is good writes docs/faults.md.
"""

import argparse
import itertools
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from schemas.catalogue import load_feeds
from streams.publisher import read_reference
from tools.errors import ToolError
from tools.faults import report, spoil
from tools.faults.bed import Bed
from tools.faults.judge import Judgement, judge
from tools.faults.load import Load
from tools.faults.matrix import SCENARIOS
from tools.faults.report import Outcome
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.story import story
from tools.faults.watch import Watch
from tools.jars import ROOT
from tools.progress import say

PAST_MINUTES: Final = 3 * 24 * 60
"""The story begins so long ago: a load of minutes tells most of a day, and never comes to the present."""

PAGE: Final = ROOT / "docs/faults.md"
LOG: Final = ROOT / "var/faults.log"
"""Every fault of the newest run, with its time."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs the scenarios; 1 if any is wrong."""
    options = parse(words)
    seed = options.seed if options.seed is not None else Random().randrange(1, 10_000)
    chosen = [one for one in SCENARIOS if not options.only or one.name in options.only]
    if options.quick:
        chosen = [one for one in chosen if one.quick]
    outcomes: list[Outcome] = []
    began = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text(f"seed {seed}\n", encoding="utf-8")
    for _, group in itertools.groupby(chosen, key=lambda one: one.house.shared or one.name):
        for outcome in prove(list(group), seed, by_name=bool(options.only), quick=options.quick):
            outcomes.append(outcome)
            with LOG.open("a", encoding="utf-8") as log:
                log.writelines(f"{outcome.scenario.name}\t{fault}\n" for fault in outcome.faults)
            say("\n".join([report.line(outcome), *report.complaints(outcome)]))
    say("\n" + report.table(outcomes))
    say(f"{len(outcomes)} scenarios in {time.monotonic() - began:.0f} s")
    wrong = [one.scenario.name for one in outcomes if one.word == report.WRONG]
    if len(chosen) == len(SCENARIOS) and not wrong:
        PAGE.write_text(report.page(outcomes, len(spoil.KINDS)), encoding="utf-8")
        say(f"written: {PAGE.relative_to(ROOT)}")
    return 1 if wrong else 0


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    names = [one.name for one in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=names, metavar="NAME", nargs="+", help=f"some scenarios: {', '.join(names)}")
    parser.add_argument("--seed", type=int, metavar="N", help="tell the same story again; default: another each time")
    parser.add_argument("--quick", action="store_true", help="the most telling scenarios, a few minutes")
    return parser.parse_args(words)


def prove(group: Sequence[Scenario], seed: int, *, by_name: bool = False, quick: bool = False) -> Iterator[Outcome]:
    """Scenarios of one bed, from an empty broker to the verdicts; the bed is kept if one is wrong."""
    able = []
    for scenario in group:
        if reason := scenario.hindered() or ("" if by_name else scenario.known):
            yield Outcome(scenario, seed, Judgement(), hindered=reason)
        else:
            able.append(scenario)
    if not able:
        return
    for scenario in able:
        say(f"... {scenario.name}: {scenario.vi} / {scenario.en}")
    began, bed = time.monotonic(), Bed(house=able[0].house)
    played: list[Outcome] = []
    try:
        with bed:
            played = _run(able, seed, bed, quick=quick)
    except ToolError as error:
        played = [Outcome(one, seed, Judgement([str(error)])) for one in able]
    if all(one.judgement.exact for one in played):
        bed.clear()
    else:
        say(_where(bed.folder, [fault for one in played for fault in one.faults]))
    for one in played:
        yield one._replace(ended=tuple(bed.mended), seconds=time.monotonic() - began)


def _run(group: Sequence[Scenario], seed: int, bed: Bed, *, quick: bool = False) -> list[Outcome]:
    """Lets the scenarios happen one after another, and judges them together; each answers for its own remarks."""
    feeds, reference = load_feeds(), read_reference(ROOT / "reference")
    since = time.time_ns() // 60_000_000_000 - PAST_MINUTES
    shots = story(seed, since, {feed.name: feed for feed in feeds}, reference)
    load = Load(bed.broker.address, shots, group[0].rate)
    watch = Watch(bed, sent=lambda: load.sent + len(load.known))
    stage = Stage(bed, load, watch, Random(f"{seed}:{group[0].name}"), quick)
    for _ in range(group[0].workers):
        bed.join()
    load.start()
    watch.start()
    own: list[tuple[Scenario, list[str], list[str]]] = []
    try:
        own += ((scenario, *_act(scenario, stage)) for scenario in group)
        found = judge(stage, feeds)
    except ToolError as error:
        found = Judgement([str(error)])
    finally:
        load.finish()
        watch.finish()
    if not found.exact or any(remarks for _, _, remarks in own):
        bed.dump()
    return [Outcome(scenario, seed, replace(found, problems=[*remarks, *found.problems]), tuple(faults))
            for scenario, faults, remarks in own]


def _act(scenario: Scenario, stage: Stage) -> tuple[list[str], list[str]]:
    """Lets one scenario happen; answers its faults, and what is to be remarked."""
    stage.faults, stage.remarks = [], []
    try:
        scenario.act(stage)
    except ToolError as error:
        stage.remarks.append(str(error))
    except Exception as error:  # noqa: BLE001  # a scenario that breaks has failed, and the rest is judged all the same
        stage.remarks.append(f"the scenario broke: {error!r} in {traceback.extract_tb(error.__traceback__)[-1]}")
    if len(stage.faults) < scenario.faults:
        stage.remarks.append(f"only {len(stage.faults)} of {scenario.faults} faults happened")
    return stage.faults, stage.remarks


def _where(folder: Path, faults: Sequence[str]) -> str:
    return "\n".join([f"    logs, pages and recount.json are kept in {folder}", *(f"    {text}" for text in faults)])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
