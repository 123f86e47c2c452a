"""The paced contest to a section of docs/benchmarks.md; rows that we lose are there like all others."""

from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.paced.contest import Paced, Sizes
from benchmarks.paced.kills import APART_SECONDS, Killed
from benchmarks.paced.ladder import KEPT_UP_SECONDS, Climbed
from benchmarks.render import named, table

METHOD = """The events of the Yahoo Streaming Benchmark, the same bytes for each engine, sent to a topic of its own in
an open loop: the moment of each is planned, and neither the broker's nor an engine's answers change the plan. Each step
lasts {seconds} s; one of {warm:,} events/s goes before and warms up. The engines take turns on one broker, alone.

- Latency: from the **planned** moment of a view to the moment at which it is visible, so that a producer or an engine
  that falls behind is not excused. Counts do not tell which events they hold: the k-th view by plan is set against the
  first moment at which k views were visible. That is its own latency as long as the partitions are read abreast, and
  else differs by how far they are apart.
- Visible: to a reader of committed records in Kafka; of ours in the snapshots, of the others in the topic into which
  they write counts. All make durable once a second. "Looked at each second" is for people: somebody whose Prometheus
  asks our `/metrics` each second (the page is written from confirmed snapshots), or who reads the topic each second.
- Kept up: the last view of a step was visible at most {kept:.0f} s after it was due. Exact: after the step **each**
  campaign and window holds what a recount of the events says, and our page has the same sum. Without both there is
  no latency.
- CPU is that of the whole process until the last event of the step is visible: at low rates it is what an engine needs
  to be there at all. The cores beside it say how much of the machine that is.
"""

KILLS = """Under {rate:,} events/s the process is killed with -9 and started again at once, as a supervisor does;
up to {kills} times while the load lasts, each {apart} s after it had come back. Timed is from the kill to the
first moment at which as many views are visible as were acknowledged by the broker before the kill: starting,
recovering and catching up; of ours on the page, asked each 0.1 s. At the end every window is compared with the
recount; "too early" is by how many views more were ever visible than were due, as of a double count that is taken back
later.

Ours and Kafka Streams have a static membership of their group (KIP-345), with which a process that is back need not
wait for the end of its session; Flink is started from its newest complete checkpoint. Timeouts of transactions are the
default of Kafka Streams, 10 s, and 60 s for Flink. Flink ends at its start what the killed process left open; Kafka
Streams with stores in memory gets a new process id at each start, and waits until the broker ends it.
"""

SUMMARY = """Tóm tắt: gửi sự kiện với tốc độ cố định, đo thời gian từ lúc gửi đến lúc số liệu hiện ra (p50, p99), CPU
cho mỗi sự kiện, và thời gian từ `kill -9` đến khi số liệu đúng trở lại; các dòng chúng ta thua cũng được in.
"""


def section(found: Paced, machine: Mapping[str, str]) -> str:
    """The section."""
    first, *others = found.sizes.steps
    head = ("events/s", "", "p50", "p99", "p50, looked at each second", "p99, looked at each second",
            "µs CPU per event", "cores", "producer late by at most", "kept up", "exact")  # fmt: skip
    return "\n".join([
        "## Yahoo Streaming Benchmark, paced and killed", "", SUMMARY,
        *_shortened(found),
        "![Seconds until visible, by rate](pictures/ysb-paced.svg)", "",
        table(head, list(_steps(found)), title="From the planned moment of an event until it is visible"),
        METHOD.format(seconds=others[0].seconds, warm=first.a_second, kept=KEPT_UP_SECONDS),
        table(("", "seconds, each kill", "median", "starts", "lost", "doubled", "too early", "exact"),
              list(_kills(found)), title="From kill -9 to the first correct update"),
        KILLS.format(rate=found.sizes.killed.a_second, kills=found.sizes.kills, apart=APART_SECONDS),
        f"Where: {named(machine)}.{_load(found)}", "",
    ])  # fmt: skip


def _shortened(found: Paced) -> Iterator[str]:
    """Less than `make bench` measures by itself; said where the tables stand."""
    whole = Sizes()
    if found.sizes != whole:
        rates = ", ".join(f"{step.a_second:,}" for step in whole.steps[1:])
        yield f"**A shortened run**; a whole one has steps of {rates} events/s, {whole.steps[-1].seconds} s each."
        yield ""


def _steps(found: Paced) -> Iterator[tuple[str, ...]]:
    for number, step in enumerate(found.sizes.steps[1:]):
        for name, title in found.titles.items():
            climbed = found.climbed.get(name, [])
            if number < len(climbed):
                yield (f"{step.a_second:,}", title, *_figures(climbed[number]))
            else:
                why = found.failed.get(name, "the step before was not finished")
                yield (f"{step.a_second:,}", title, *["–"] * 8, _short(why))


def _figures(step: Climbed) -> Iterator[str]:
    seconds = (step.p50, step.p99, step.looked50, step.looked99)
    yield from (f"{each:.2f} s" if step.is_good else "–" for each in seconds)
    yield f"{step.cpu_us:,.1f}" if step.is_exact else "–"
    yield f"{step.cores:.2f}"
    yield f"{step.behind * 1000:.0f} ms"
    yield "yes" if step.kept_up else "**no**"
    yield "yes" if step.is_exact else "**no**"


def _kills(found: Paced) -> Iterator[tuple[str, ...]]:
    for name, title in found.titles.items():
        killed = found.killed.get(name)
        yield (title, *(_killed(killed) if killed else [*["–"] * 6, _short(found.failed.get(name, "not run"))]))


def _killed(killed: Killed) -> Iterator[str]:
    yield ", ".join(f"{each:.1f}" for each in killed.seconds)
    yield f"{median(killed.seconds):.1f} s"
    yield str(killed.starts)
    yield from (f"{each:,}" for each in (killed.lost, killed.doubled, killed.excess))
    yield "yes" if killed.is_exact else "**no**"


def _short(why: str) -> str:
    return " ".join(f"failed: {why}".split())[:200]


def _load(found: Paced) -> str:
    """How much else the machine had to do."""
    return f" Load average while measuring: {min(found.loads):.0f} to {max(found.loads):.0f}." if found.loads else ""


