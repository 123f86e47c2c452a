"""UC2 to its section of docs/benchmarks.md."""

from collections.abc import Mapping

from benchmarks.result import Run
from benchmarks.theodolite.log import SENSORS
from benchmarks.theodolite.rounds import Sizes
from benchmarks.ysb.render import cut_short, rows, where
from benchmarks.ysb.rounds import Contest

METHOD = """A workload written by others (`cau-se/theodolite`, UC2 "Downsampling", in its JSON form): {sensors}
sensors send a reading each second of event time, keyed by the sensor. Validate, and by sensor and
window of a minute show count, sum, smallest, largest, mean and variance of the population, each
second. `benchmarks/theodolite/readings.py` writes the log once, {events:,} readings of {size:.0f}
bytes on average, zstd, 4 partitions; all read the same bytes, {rounds} rounds, everybody in turn;
median, range in brackets; CPU is that of the whole process with all its threads. Nothing comes
late, as in Theodolite.

Exact: the statistics of **every** sensor and window are those of an independent recount. Of ours they are read from
the confirmed snapshots in Kafka, and the page showed the same number of readings.

- `ioc worker`: the shipped worker on [a declared feed](../benchmarks/theodolite/feeds/uc2.py) without envelope. The
  variance is an aggregate that this feed brings along, of whole numbers: count, sum and sum of squares. It also keeps
  and shows an hour beside the minute, and checks each sensor against a dated list.
- Kafka Streams as Theodolite writes it: `groupByKey`, windows without grace, `aggregate`; exactly once, commit each
  second.
- Stock Faust: a tumbling table of the event's own time. It drains a beginning of the same log.
"""


def section(found: Contest[Run], machine: Mapping[str, str]) -> str:
    """The section."""
    rounds = max(map(len, found.runs.values()), default=0)
    return "\n".join([
        "## Theodolite UC2: downsampling", "",
        "Tóm tắt: số liệu cảm biến gộp theo phút; thống kê của mọi cảm biến, mọi cửa sổ được đếm lại độc lập.", "",
        *cut_short(found, Sizes().events, Sizes().rounds), *rows(found), "",
        METHOD.format(sensors=SENSORS, events=found.events, size=found.mean_bytes, rounds=rounds),
        where(found, machine), "",
    ])  # fmt: skip
