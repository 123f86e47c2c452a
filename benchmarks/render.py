"""Measurements of the four feeds to their section of docs/benchmarks.md: ratios first, absolute figures second."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.drain import Drained
from benchmarks.latency import Latency
from benchmarks.recovery import Recovered
from benchmarks.result import Run

FASTER, LATENCY_SECONDS, RECOVERY_SECONDS = 25, 2.0, 5.0

TITLES = {
    "ours": "`ioc worker`",
    "loop": "stock Faust's loop with our decode and fold",
    "packed": "stock Faust, tables with packed values",
    "tables": "stock Faust, one table a KPI",
}

METHOD = """### What is compared

All read the same bytes from one Kafka broker started for the run: invented, repeatable, valid events of the four feeds
(`benchmarks/events.py`), zstd, 6 partitions a topic. They take turns, {rounds} rounds; medians, the range in
brackets. The slow ones drain the beginning of the same log from topics of their own. CPU is that of the whole process
with all its threads, from the first event to the last.

- `ioc worker`: the real worker. Strict validation, reference data, repeats, lateness, all KPIs of the four feeds, a
  snapshot of each changed partition each second, confirmed by the broker; `/metrics` is asked each second. Exact after
  a crash.
- Stock Faust's loop with our decode and fold: one Faust message a record; the same decode and fold, the same snapshot
  and readings each second. The difference to the first is the batch transport; it has neither dead letters nor a page.
- Stock Faust, tables with packed values: typed topics (`faust.Record` with validation), agents, tables and windowed
  tables; all sums of one key in one value of one table. This is the kindest form, because each update of each window is
  a changelog record.
- Stock Faust, one table a KPI: the same as Faust's documentation shows it, `table[key] += value`.

Stock Faust is spared what it cannot express or what would cost it more: deadlines on the working-time clock, all that
grows overdue without an event, rolling windows in steps as fine as ours (its hop is a minute or ten minutes, months are
days), windows of 3 to 72 hours, rain spread over its period, known and withheld values, repeats, lateness, reference
data, dead letters, repartitioning by label, an exposition, and exactness after a crash (its tables count twice).
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found; parts that were not asked for are None."""

    machine: dict[str, str]
    drained: Drained | None = None
    latency: Latency | None = None
    recovered: Recovered | None = None


def named(machine: Mapping[str, str]) -> str:
    """On which machine, in a line; of the processor the name says what it is."""
    return ", ".join(f"{name} {value}" if name != "processor" else value for name, value in machine.items())


def page(measured: Measured) -> str:
    """The section of the four feeds."""
    parts = ["## The four feeds of the province\n"]
    parts.append(table(("target", "aim", "found", ""), list(targets(measured)), title="Targets"))
    if measured.drained is not None:
        parts += drained(measured.drained)
    if measured.latency is not None:
        parts.append(latency(measured.latency))
    if measured.recovered is not None:
        parts.append(recovered(measured.recovered))
    if measured.drained is not None:
        parts.append(METHOD.format(rounds=len(measured.drained.runs["ours"])))
    parts.append(table(("machine", ""), list(measured.machine.items()), title="Where"))
    return "\n".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> str:
    """A section with one table."""
    lines = [f"### {title}", "", *(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)), ""]
    return "\n".join(lines)


def targets(measured: Measured) -> Iterator[tuple[str, str, str, str]]:
    """Aim, finding and verdict of each target that was measured."""
    if measured.drained is not None:
        for name in ("tables", "packed"):
            times = ratios(measured.drained, name)
            found = "no speed: a result is wrong" if not times else f"{median(times):.0f} times"
            yield (f"CPU per event: {TITLES[name]}, against ours", f"at least {FASTER} times", found,
                   verdict(bool(times) and median(times) >= FASTER))
    if measured.latency is not None:
        p99 = measured.latency.p99
        yield ("publish to `/metrics`, p99", f"at most {LATENCY_SECONDS:.0f} s", f"{p99:.2f} s",
               verdict(p99 <= LATENCY_SECONDS))
    if measured.recovered is not None:
        usual = median(start.recovery for start in measured.recovered.starts)
        yield (f"recovery with {measured.recovered.dossiers:,} open dossiers", f"at most {RECOVERY_SECONDS:.0f} s",
               f"{usual:.2f} s" if measured.recovered.is_exact else "wrong",
               verdict(measured.recovered.is_exact and usual <= RECOVERY_SECONDS))


def verdict(is_reached: bool) -> str:
    """In words."""
    return "reached" if is_reached else "**not reached**"


def ratios(found: Drained, name: str) -> list[float]:
    """CPU per event of a contestant over ours, round by round; nothing if one of them was wrong."""
    pairs = list(zip(found.runs[name], found.runs["ours"], strict=True))
    if not all(theirs.is_exact and ours.is_exact for theirs, ours in pairs):
        return []
    return [theirs.cpu_us / ours.cpu_us for theirs, ours in pairs]


def drained(found: Drained) -> Iterator[str]:
    """Ratios, then absolute figures."""
    rows = [(TITLES[name], spread(ratios(found, name), "{:.1f}"), spread(rates(found, name), "{:.1f}"))
            for name in found.runs if name != "ours"]
    yield table(("ours against", "CPU per event, times less", "events per second, times more"), rows,
                title="Draining a stored log: ratios")
    yield table(("", "events", "µs CPU per event", "events/s", "exact"),
                [absolute(name, runs) for name, runs in found.runs.items()], title="Draining a stored log: figures")
    mix = ", ".join(f"{name} {number / found.stored.events:.0%}" for name, number in found.stored.feeds.items())
    peak = max(run.peak_mb for run in found.runs["ours"])
    yield (f"The log: {found.stored.events:,} events of {found.stored.mean_bytes:.0f} bytes on average, {mix}. "
           f"Peak memory of `ioc worker` {peak:.0f} MB.\n")


def rates(found: Drained, name: str) -> list[float]:
    """Events per second of ours over a contestant's, round by round."""
    if not ratios(found, name):
        return []
    return [ours.rate / theirs.rate for theirs, ours in zip(found.runs[name], found.runs["ours"], strict=True)]


def absolute(name: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """The figures of one contestant; a wrong result has no speed."""
    if not all(run.is_exact for run in runs):
        return (TITLES[name], f"{runs[0].events:,}", "–", "–", "**no**")
    return (TITLES[name], f"{runs[0].events:,}", spread([run.cpu_us for run in runs], "{:.1f}"),
            spread([run.rate for run in runs], "{:,.0f}"), "yes")


def spread(values: Sequence[float], form: str) -> str:
    """Median and range."""
    if not values:
        return "–"
    return f"{form.format(median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def latency(found: Latency) -> str:
    """How long a number takes to the page."""
    rows = [("p50", f"{found.p50:.2f} s"), ("p99", f"{found.p99:.2f} s"), ("largest", f"{found.largest:.2f} s")]
    told = (f"From the call that publishes to a page that shows it: {found.samples} markers among {found.pace:.0f} "
            f"events/s of the four feeds. The page is asked all the time, and takes {found.page_ms:.0f} ms (median), "
            f"which is part of the figures. State is made durable, then shown, once a second: half a second on average "
            f"is by design.\n")
    return f"{table(('', 'publish to `/metrics`'), rows, title='Latency')}\n{told}"


def recovered(found: Recovered) -> str:
    """How long a new worker takes."""
    starts = found.starts
    sizes = ", ".join(f"{size:,}" for size in found.snapshot_bytes)
    rows = [
        ("start of the process to shown", spread([start.to_shown for start in starts], "{:.2f}") + " s"),
        ("of it recovery: from the assignment of the partitions until their state is shown",
         spread([start.recovery for start in starts], "{:.2f}") + " s"),
        ("of it the rest: interpreter, imports, joining the group, the page",
         spread([start.to_shown - start.recovery for start in starts], "{:.2f}") + " s"),
        ("what the worker itself calls its recovery", spread([start.told for start in starts], "{:.2f}") + " s"),
        ("peak resident memory", spread([start.peak_mb for start in starts], "{:.0f}") + " MB"),
        ("snapshot bytes of each partition", sizes),
        ("shown after each start", "exact" if found.is_exact else "**wrong**"),
    ]
    return table(("", f"{len(starts)} starts"), rows, title=f"Recovery: {found.dossiers:,} open dossiers")
