"""The contest to a section of docs/benchmarks.md and a chart; rows that we lose are there like all others."""

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from statistics import median
from xml.sax.saxutils import escape

from benchmarks.render import named, spread, table, verdict
from benchmarks.result import Run
from benchmarks.ysb.entrants import Entrant
from benchmarks.ysb.rounds import Contest, Sizes

TARGET_US = 1.5
CHART = "docs/pictures/ysb.svg"

METHOD = """A workload written by others (`yahoo/streaming-benchmarks`): advertising events of 7 fields, no key.
Validate all fields, keep the views, join the campaign of the ad in memory, count by campaign and
window of 10 s of event time, show the updated counts each second. `benchmarks/ysb/events.py` writes
the log once, {events:,} events of {size:.0f} bytes on average, zstd, 4 partitions; all read the
same bytes, {rounds} rounds, everybody in turn; median, range in brackets. CPU is that of the whole
process with all its threads (JIT and garbage collection included). Slow ones drain a beginning of
the same log; a JVM is measured cold, and warm after a third of the log: the longer the log, the
better it does. No process is pinned to a core, and the broker runs beside them: compare CPU, not
events per second, across machines.

Exact: the count of **every** campaign and window is that of an independent recount of the log. Of
ours it is read from the confirmed snapshots in Kafka, and the page showed the same sum. A wrong
result has no speed.

- `ioc worker`: the shipped worker on [a declared feed](../benchmarks/ysb/feeds/ysb.py) without envelope. Strict
  validation, dated reference data, dead letters, a confirmed snapshot each second, `/metrics` asked each
  second. "pydantic alone": without the optional faster reader.
- The others, each in its own idiom and as its documentation advises: `benchmarks/peers/`. Their contract
  (environment in, one line of JSON out) stands in `benchmarks/ysb/contest.py`; a missing one says why. They
  validate as strictly as ours, but for two: Faust's own validation takes a number for a text and passes unknown
  fields, Pathway drops mistyped records unseen and passes unknown fields. The guarantee is what each promises
  with its settings.
"""


def section(found: Contest[Run], machine: Mapping[str, str]) -> str:
    """The section."""
    rounds = max(map(len, found.runs.values()), default=0)
    ours = found.runs.get("ours", [])
    return "\n".join([
        "## Yahoo Streaming Benchmark", "",
        *_target(ours), "", *_shortened(found),
        "![CPU-seconds per million events](pictures/ysb.svg)", "",
        *rows(found), "",
        METHOD.format(events=found.events, size=found.mean_bytes, rounds=rounds),
        where(found, machine), "",
    ])  # fmt: skip


HEAD = ("", "events", "CPU-s per million events", "against ours", "events/s", "peak MB", "guarantee", "exact")


def rows(found: Contest[Run]) -> list[str]:
    """The table, a line for each contestant, whatever became of it."""
    ours = found.runs.get("ours", [])
    return table(HEAD, [_row(found, each, ours) for each in found.entrants], title="").splitlines()[2:]


def where(found: Contest[Run], machine: Mapping[str, str]) -> str:
    """On which machine, and how much else it had to do."""
    return f"Where: {named(machine)}.{_load(found)}"


def _shortened(found: Contest[Run]) -> Iterator[str]:
    """A short log favours us, who need no warming up; said where the table stands."""
    if found.events < Sizes().events:
        yield (
            f"**A shortened log**, {found.events:,} events instead of {Sizes().events:,}: a JVM has hardly warmed up. "
            "On a whole one it needs much less."
        )
        yield ""


def cut_short(found: Contest[Run], events: int, rounds: int) -> list[str]:
    """A line that says so where a log or the rounds are fewer than those of a whole run."""
    taken = max(map(len, found.runs.values()), default=0)
    if found.events >= events and taken >= rounds:
        return []
    less = f"{found.events:,} events instead of {events:,}, {taken} rounds instead of {rounds}"
    return [f"**A shortened run**: {less}; a JVM has hardly warmed up, and what is done each second weighs more.", ""]


def _load(found: Contest[Run]) -> str:
    """How much else the machine had to do: a contestant alone is about 1 to 2."""
    if not found.loads:
        return ""
    return f" Load average while measuring: {min(found.loads):.0f} to {max(found.loads):.0f}."


def _target(ours: Sequence[Run]) -> Iterator[str]:
    if not ours or not all(run.is_exact for run in ours):
        yield f"Target: at most {TARGET_US} CPU-seconds per million events: **not reached**, a result is not right."
        return
    usual = median(run.cpu_us for run in ours)
    reached = verdict(usual <= TARGET_US)
    yield f"Target: at most {TARGET_US} CPU-seconds per million events, all validated; found {usual:.2f}: {reached}."


def _row(found: Contest[Run], each: Entrant[Run], ours: Sequence[Run]) -> tuple[str, ...]:
    runs = found.runs.get(each.name, [])
    if each.drain is None or each.name in found.failed or not runs:
        why = each.why or f"failed: {found.failed.get(each.name, 'no run')}"
        return (each.title, f"{each.number:,}", "–", "–", "–", "–", "–", " ".join(why.split())[:200])
    last = runs[-1]
    if not all(run.is_exact for run in runs):
        return (each.title, f"{last.events:,}", "–", "–", "–", "–", last.guarantee, "**no**")
    times = [run.cpu_us / mine.cpu_us for run, mine in zip(runs, ours, strict=False)]
    return (
        each.title,
        f"{last.events:,}",
        spread([run.cpu_us for run in runs], "{:.2f}"),
        f"{median(times):.1f} ×" if times else "–",
        spread([run.rate for run in runs], "{:,.0f}"),
        f"{max(run.peak_mb for run in runs):,.0f}",
        last.guarantee,
        "yes",
    )


ROW, LEFT, WIDTH = 26, 270, 460


def chart(found: Contest[Run]) -> str:
    """Bars on a logarithmic scale, the thriftiest first."""
    usual = {each: median(run.cpu_us for run in runs) for each in found.entrants
             if (runs := found.runs.get(each.name)) and all(run.is_exact for run in runs)}  # fmt: skip
    most = max([10.0, *usual.values()])
    parts = []
    for place, (each, value) in enumerate(sorted(usual.items(), key=lambda pair: pair[1])):
        y, long = 34 + place * ROW, max(2.0, WIDTH * log10(value / 0.5) / log10(most / 0.5))
        colour = "#0b7285" if each.name.startswith("ours") else "#adb5bd"
        parts += [f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(each.title.replace("`", ""))}</text>',
                  f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="18" fill="{colour}"/>',
                  f'<text x="{LEFT + long + 6:.1f}" y="{y + 13}">{value:.2f}</text>']  # fmt: skip
    height = 44 + len(usual) * ROW
    title = "CPU-giây cho một triệu sự kiện, thang logarit / CPU-seconds per million events, logarithmic"
    size = f'width="{LEFT + WIDTH + 90}" height="{height}"'
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
            f'<rect width="100%" height="100%" fill="white"/><text x="12" y="20">{title}</text>']  # fmt: skip
    return "\n".join([*head, *parts, "</svg>", ""])
