"""`make bench`: measures, prints, and writes docs/benchmarks.md.

    python -m benchmarks.report [ysb] [ioc1] [uc2] [paced] [drain] [latency] [recovery] [scale] [profile]   or ONLY=ysb

All by default. In full size drain, latency and recovery together write a section of the page, and each of the others
its own. QUICK=1 measures a little of everything, to see that it works.
"""

import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks import scale, scale_render
from benchmarks.drain import Sizes, drain
from benchmarks.ioc1.render import section as ioc1_section
from benchmarks.ioc1.rounds import Sizes as Ioc1Sizes
from benchmarks.ioc1.rounds import contest as ioc1_contest
from benchmarks.latency import latency
from benchmarks.paced import contest as paced
from benchmarks.paced import curves
from benchmarks.paced import render as paced_render
from benchmarks.profile import profile
from benchmarks.profile import section as profile_section
from benchmarks.recovery import recovery
from benchmarks.render import Measured, page
from benchmarks.running import ROOT, BenchError
from benchmarks.sections import replaced
from benchmarks.theodolite.render import section as uc2_section
from benchmarks.theodolite.rounds import Sizes as Uc2Sizes
from benchmarks.theodolite.rounds import contest as uc2_contest
from benchmarks.ysb.render import CHART, chart, section
from benchmarks.ysb.rounds import Sizes as YsbSizes
from benchmarks.ysb.rounds import Turn, contest
from tools.broker import Broker
from tools.errors import ToolError

PROVINCE = ("drain", "latency", "recovery")
PARTS = ("ysb", "ioc1", "uc2", "paced", *PROVINCE, "scale", "profile")
PAGE = ROOT / "docs/benchmarks.md"
PACKAGES = ("faust-streaming", "mode-streaming", "aiokafka", "pydantic", "orjson")


def main(words: Sequence[str]) -> int:
    """Runs the parts asked for; 1 if one could not be measured."""
    wanted = tuple(words) or tuple(os.environ.get("ONLY", "").split()) or PARTS
    if not set(wanted) <= set(PARTS):
        say(f"there are {', '.join(PARTS)}; not {' '.join(wanted)}")
        return 2
    is_quick = os.environ.get("QUICK") == "1"
    began = time.monotonic()
    runs = {name: run for name, run in RUNS.items() if name in wanted}
    if provincial := [part for part in PROVINCE if part in wanted]:
        runs["province"] = partial(run_province, provincial)
    failed = [name for name, run in runs.items() if not _goes(name, run, is_quick=is_quick)]
    minutes = (time.monotonic() - began) / 60
    say(f"{minutes:.0f} minutes; without a figure: {', '.join(failed) or 'nothing'}")
    if set(wanted) == set(PARTS) and not failed and not is_quick:
        publish("run", one_run(minutes), is_whole=True)
    return 1 if failed else 0


def _goes(name: str, run: Callable[..., None], *, is_quick: bool) -> bool:
    """Measures one part; what cannot be measured is told, and the others are measured all the same."""
    began = time.monotonic()
    try:
        run(is_quick=is_quick)
    except (BenchError, ToolError) as error:
        say(f"bench: {name}: {error}")
        return False
    say(f"{name}: {(time.monotonic() - began) / 60:.1f} minutes")
    return True


def one_run(minutes: float) -> str:
    """What the page says if all of it was measured in one run."""
    today = datetime.now(UTC).date()
    return f"All that follows was measured in one run of `make bench`, on {today}, in {minutes:.0f} minutes."


def run_ysb(*, is_quick: bool, turn: Turn = nullcontext) -> None:
    """The Yahoo Streaming Benchmark: table and chart."""
    sizes = YsbSizes(events=60_000, rounds=1) if is_quick else YsbSizes()
    with fresh_broker("ysb") as (broker, folder):
        found = contest(broker, folder, sizes, say, turn)
    publish("ysb", section(found, machine()), is_whole=not is_quick)
    if not is_quick:
        (ROOT / CHART).write_text(chart(found))


def run_ioc1(*, is_quick: bool) -> None:
    """IOC-1: the table of the drains, and of the kills."""
    sizes = Ioc1Sizes(events=60_000, rounds=1, seeds=(1,)) if is_quick else Ioc1Sizes()
    with fresh_broker("ioc1") as (broker, folder):
        found = ioc1_contest(broker, folder, sizes, say)
    publish("ioc1", ioc1_section(found, machine()), is_whole=not is_quick)


def run_uc2(*, is_quick: bool) -> None:
    """Theodolite's UC2: the table."""
    sizes = Uc2Sizes(events=60_000, rounds=1) if is_quick else Uc2Sizes()
    with fresh_broker("uc2") as (broker, folder):
        found = uc2_contest(broker, folder, sizes, say)
    publish("uc2", uc2_section(found, machine()), is_whole=not is_quick)


def run_paced(*, is_quick: bool) -> None:
    """The same workload at a steady pace, and killed: tables and curves."""
    found = paced.contest(fresh_broker, paced.QUICK if is_quick else paced.Sizes(), say)
    publish("paced", paced_render.section(found, machine()), is_whole=not is_quick)
    if not is_quick:
        (ROOT / curves.CURVES).write_text(curves.curves(found))


def run_province(parts: Sequence[str], *, is_quick: bool) -> None:
    """The four feeds of the province: drain, latency, recovery, or some of these."""
    publish("province", page(measured(parts, is_quick=is_quick)), is_whole=len(parts) == len(PROVINCE) and not is_quick)


def run_profile(*, is_quick: bool) -> None:
    """Where the time goes in process."""
    found = profile(4_000, 2) if is_quick else profile(20_000, 9)
    publish("profile", profile_section(found, machine()), is_whole=not is_quick)


def run_scale(*, is_quick: bool) -> None:
    """Open cases, partitions, workers."""
    before = os.getloadavg()[2]
    found = scale.measured(fresh_broker, say, is_quick=is_quick)
    load = f"{before:.0f} to {os.getloadavg()[2]:.0f}"
    publish("scale", scale_render.section(found, machine(), load), is_whole=not is_quick)


RUNS: dict[str, Callable[..., None]] = {
    "profile": run_profile, "ysb": run_ysb, "ioc1": run_ioc1, "uc2": run_uc2, "paced": run_paced, "scale": run_scale}
"""The first comes first; those of the province, which share a section, come last."""


def publish(name: str, text: str, *, is_whole: bool) -> None:
    """Prints what was found, and writes it to its place on the page if everything was measured."""
    print(text)
    if is_whole:
        PAGE.write_text(replaced(PAGE.read_text(), name, text))
        say(f"written: {PAGE.relative_to(ROOT)}")


@contextmanager
def fresh_broker(part: str) -> Iterator[tuple[str, Path]]:
    """Address of a broker of its own, and a folder that is gone afterwards."""
    say(f"{part}: starting a broker")
    with (tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name,
          Broker(Path(name, "kafka"), heap="1g", jvm=()) as broker):
        yield broker.address, Path(name)


def measured(parts: Sequence[str], *, is_quick: bool) -> Measured:
    """Each part on a fresh broker in a folder that is gone afterwards."""
    found = Measured(machine())
    for part in parts:
        with fresh_broker(part) as (broker, folder):
            found = _with(found, part, broker, folder, is_quick=is_quick)
    return found


def _with(found: Measured, part: str, broker: str, folder: Path, *, is_quick: bool) -> Measured:
    """One part more."""
    match part:
        case "drain":
            sizes = Sizes(ours=40_000, loop=5000, tables=1000, rounds=1) if is_quick else Sizes()
            return replace(found, drained=drain(broker, folder, sizes, say))
        case "latency":
            return replace(found, latency=latency(broker, folder, a_second=500, seconds=5 if is_quick else 40))
    dossiers, rounds = (10_000, 1) if is_quick else (100_000, 3)
    return replace(found, recovered=recovery(broker, folder, dossiers=dossiers, rounds=rounds))


def machine() -> dict[str, str]:
    """Where it ran, and what."""
    return {
        "processor": f"{_processor()}, {psutil.cpu_count()} logical",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "Python": f"{platform.python_version()} ({platform.python_compiler()})",
        "Kafka": "4.4.0, one broker (KRaft) on the same machine",
        **{name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def say(text: str) -> None:
    """Progress, beside the page."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    sys.exit(main(sys.argv[1:]))
