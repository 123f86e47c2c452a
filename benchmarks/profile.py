"""The hot path stage by stage, in one process without a broker: the section `profile` of docs/benchmarks.md.

What a stage costs is told by the CPU clock of the process. The stages of a feed take turns, and the best round of each
counts: the least disturbed one.
"""

import struct
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from benchmarks import hot_path
from benchmarks.render import named, table, verdict
from benchmarks.running import ROOT
from benchmarks.ysb import events
from benchmarks.ysb.log import feed
from schemas.bare import BareDecoder
from schemas.reference import load_reference
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.engine.state import State
from streams.transport.drain import drain_fast
from streams.transport.unpacking import Kept

ZSTD = 4
STORED_TOGETHER = 600
"""Events of a Kafka batch, as the log of the benchmark has them."""
BATCH = 5000

FORMER: Mapping[str, float] = {"dossier": 7.43, "exchange": 12.80, "feedback": 8.36, "hydromet": 8.13}
"""The former fold, with its validation, as a multiple of pydantic's validation of the same events.

Of 10,000 events of the four feeds, medians of three processes in turn with the present one, each the best of 9 rounds;
the multiples strayed by a third.
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """CPU microseconds an event by stage; of the four feeds by feed, with milliseconds of what is done each second."""

    ysb: Mapping[str, float]
    feeds: Mapping[str, Mapping[str, float]]


def profile(number: int, rounds: int) -> Profile:
    """Measures so many events of the Yahoo benchmark, and half as many of the four feeds together."""
    four = hot_path.by_feed(number // 2)
    return Profile(ysb(number, rounds), {name: hot_path.parts(*each, rounds) for name, each in four.items()})


def ysb(number: int, rounds: int) -> dict[str, float]:
    """The stages of the Yahoo benchmark: each contains only its own share, `whole` is all of them."""
    declared, values = feed(), list(events.records(number))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        events.write_reference(ROOT / "reference", Path(folder, "reference"))
        plan = Plan(declared, load_reference(Path(folder, "reference"), lists=declared.lists))
    assert isinstance(plan.decoder, BareDecoder)
    columns, reader = plan.decoder.columns(), plan.decoder.reader
    assert columns is not None
    raw = stored(values, events.BEGINNING + number * 1000 // events.A_SECOND + events.LATE)
    work = drained(raw)
    assert sum(map(len, work)) == number

    def folded() -> None:
        state = State(declared.topic, 0)
        for batch in work:
            fold(plan, state, batch)

    found = hot_path.best({
        "drain": lambda: drained(raw),
        "pydantic": lambda: [reader.validate(value) for value in values],
        "reader": lambda: [reader.columns(batch.values) for batch in work],  # type: ignore[arg-type]  # no tombstones
        "columns": lambda: [columns.read(batch.values) for batch in work],
        "fold": folded,
    }, number, rounds)  # fmt: skip
    return {
        "drain": found["drain"],
        "reader": found["reader"],
        "columns": found["columns"] - found["reader"],
        "fold": found["fold"] - found["columns"],
        "whole": found["drain"] + found["fold"],
        "pydantic": found["pydantic"],
    }


def stored(values: Sequence[bytes], stamp: int) -> bytes:
    """Events as a broker stores them, zstd, all with its append stamp `stamp` (ms)."""
    found = bytearray()
    for first in range(0, len(values), STORED_TOGETHER):
        builder = DefaultRecordBatchBuilder(magic=2, compression_type=ZSTD, is_transactional=0, producer_id=-1,
                                            producer_epoch=-1, base_sequence=-1, batch_size=1 << 20)  # fmt: skip
        for place, value in enumerate(values[first : first + STORED_TOGETHER]):
            builder.append(place, stamp, None, value, [])
        raw = builder.build()
        struct.pack_into(">q", raw, 0, first)
        found += raw
    return bytes(found)


def drained(raw: bytes) -> list[Batch]:
    """The batches that the transport makes of a fetch."""
    place = TopicPartition("ad-events", 0)
    state = SimpleNamespace(paused=False, position=0)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    records = PartitionRecords(place, Kept(raw), None, 0, None, None, True, READ_COMMITTED)
    fetch = FetchResult(place, assignment=assignment, partition_records=records, backoff=0)
    found = []
    while fetch.has_more():
        batch = drain_fast(fetch, BATCH)
        assert batch is not None
        found.append(batch)
    return found


TRIED = """Found with `py-spy` on the worker, then measured side by side, on a busy machine. What was taken in:

- Fields are taken from the read objects column by column, at the speed of C, without a tuple an event, which the
  garbage collector would follow: reading went from 0.87-1.74 to 0.69-1.16 µs, a fifth to a third less in each pair.
- The times of a batch are read as one list of numbers: 0.05 instead of 0.11 µs. A batch whose first and last time lie
  in one pane needs no pane an event. To look for `None` in a list costs 0.02-0.03 µs; a failed look-up tells the same.
  All together: all after the drain went from 1.8-3.9 to 1.5-2.2 µs, a seventh to two fifths less in each pair.
- One stamp for all records of a Kafka batch that the broker has stamped: at most 0.05 µs of the drain, not told
  from noise in later pairs.
- A folded batch gives its records back at once; before, they waited for the next snapshot, a second of input. At most
  16 batches wait for the fold instead of 64. Peak memory 126-133 MB instead of 151-169, at a pace far below
  the usual one; at full pace the table of the Yahoo benchmark tells it.
- A time is put together of minute, second and fraction seen before: 1.0 instead of 3.5 µs for one that is new. A feed
  with milliseconds meets 60,000 new ones in its first minute: of IOC-1 all times of the first 60,000 events. Later: of
  the second, which the neighbours share, and the fraction, of which there are a thousand: 0.17 instead of 0.38 µs for
  one that is new, 0.15 instead of 0.17 for one that is not.
- The questions before an event is taken (key, clock, repeat) are asked of 128 records, then these are taken: the four
  feeds 0.96-0.97 of before, IOC-1 0.99.
- An event that says all that its KPIs ask of memory is not laid over memory: IOC-1 0.92-0.95, `exchange` 0.98.
- These three together, the worker draining 60,000 events of IOC-1, three rounds in turn: 12.8-14.3 µs of CPU an event
  instead of 15.2-16.7.
- Fewer calls and objects an event: ids of a run hashed and asked in one loop, accepted events counted by the run, what
  an action does to memory looked up once, memory copied only where something may still fail, only what a KPI asks of
  memory laid under an event, a service level looked for once for each kind of case, slots of stations kept in order.
  Whole fold against the one before, three pairs of processes: `dossier` 0.80, `feedback` 0.80, `hydromet` 0.90,
  `exchange` 0.96, IOC-1 0.89.
- Checksums of kafka-python, by which publishers write and dead letters are followed, in C (the package `crc32c`): 0.1
  instead of 42 µs for 500 bytes. With what is said before, the worker draining 400,000 events of IOC-1, three rounds in
  turn: 7.1-7.5 µs of CPU an event instead of 8.5-9.3.
- A feed without envelope may have a key and is folded by columns all the same, as long as each record stands under the
  key it says; sums, means, smallest and largest of a cell are worked out for all of its records in a batch at once:
  the whole fold of Theodolite's readings 0.8 instead of 6.1 µs.
- Memory after the cut to 16 waiting batches: the Yahoo benchmark, 400,000 events drained at some 110,000 a second,
  peaked at 116-117 MB, 88-100 of which the worker has before the first event.

What did not pay: all events of a batch joined and read by one call (`decode_lines`): 1.7 times the price, and one
record could pass for two; `zip` of tuples into columns, dearer than a pass a column. Of the four feeds and IOC-1, whole
fold against the one before, in turn batch by batch (differences under 3 % are noise):

- 128 records read by one `map` and looked at afterwards, without a call of the reader each: 0.94-1.03.
- 64 records at a time instead of 128: 0.97-1.01; 32, 16 and 8 are dearer by up to 13 % for all but IOC-1.
- Sums over periods: zeros without arithmetic, the first pane worked out once for all KPIs of one width: 1.00.
- The garbage collector off: 0.98-1.00; with a threshold of 20,000: 0.97-1.00.
- Fewer arenas of malloc, or a low threshold of trimming: the same peak.
"""


def section(found: Profile, machine: Mapping[str, str]) -> str:
    """The section."""
    return "\n".join([
        "## A profile of the hot path", "",
        "Tóm tắt: mỗi sự kiện tốn bao nhiêu micro giây CPU ở từng bước, đo trong một tiến trình, không có Kafka.", "",
        "`make bench ONLY=profile`: CPU microseconds an event, best round of each stage, one process, no broker.", "",
        *_table(("Yahoo benchmark", "µs"), [
            ("out of the fetch: checksum, zstd, records", found.ysb["drain"]),
            ("JSON read and validated strictly", found.ysb["reader"]),
            ("times, list joined", found.ysb["columns"]),
            ("folded", found.ysb["fold"]),
            ("**whole**", found.ysb["whole"]),
            ("for comparison: pydantic's validation alone", found.ysb["pydantic"]),
        ]),
        "The worker spends the rest on the network, the snapshot and the page each second, and its threads.", "",
        *_stages(found.feeds), *_targets(found.feeds), TRIED, f"Where: {named(machine)}.", "",
    ])  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[tuple[str, float]]) -> list[str]:
    return [*table(head, [(name, f"{value:.2f}") for name, value in rows], title="").splitlines()[2:], ""]


def _stages(feeds: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The four feeds, stage by stage."""
    head = ("feed", "read and validated", "rest of decoding", "repeats", "memory", "panes", "rest", "**whole**",
            "a snapshot", "its readings")  # fmt: skip
    rows = [(name, f"{each['fast']:.2f}", f"{each['decode'] - each['fast']:.2f}",
             *(f"{each[part]:.2f}" for part in ("ids", "memory", "panes", "rest", "fold")),
             f"{each['snapshot_ms']:.1f} ms", f"{each['readings_ms']:.1f} ms")
            for name, each in feeds.items()]  # fmt: skip
    return [*table(head, rows, title="").splitlines()[2:], ""]


def _targets(feeds: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Ours against pydantic's validation alone, and against half of the former fold."""
    head = ("feed", "pydantic's validation alone", "ours, whole", "ours / pydantic alone", "aim", "")
    rows = [(name, f"{each['pydantic']:.2f}", f"{each['fold']:.2f}", f"{each['fold'] / each['pydantic']:.2f}",
             f"at most {FORMER[name] / 2:.2f}", verdict(each["fold"] / each["pydantic"] <= FORMER[name] / 2))
            for name, each in feeds.items()]  # fmt: skip
    return [
        "Aim: at most half of what validation by pydantic and the former fold took together. In turn with pydantic's "
        "validation of the same events they took "
        + ", ".join(f"{name} {times:.2f}" for name, times in FORMER.items()) + " times its price.", "",
        *table(head, rows, title="").splitlines()[2:], "",
    ]  # fmt: skip
