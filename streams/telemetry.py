"""Every figure of a worker process, counted since it started; not what the durable state says, and no KPI.

Counters live and die with the process. They are counted once a batch, never once a record.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas import names
from schemas.errors import Fate, Reason
from schemas.reader import Reader

Partition = tuple[str, int]

OTHER = "other"
"""The label of a source that is registered for no feed."""

DELAY_BOUNDS_MS = (1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000)

EVENTS = {
    Fate.ACCEPTED: "Events accepted.",
    Fate.DUPLICATE: "Repeats of an event, not counted again.",
    Fate.LATE: "Events older than every window kept, and no news.",
}


@dataclass(slots=True)
class PartitionVitals:
    """What is known of one partition that is ours; times are seconds of the broker's clock, `moved` is monotonic."""

    feed: str
    next_offset: int
    moved: float
    progress: float
    log_end: int | None = None
    committed: int | None = None
    confirmed: float | None = None
    snapshot_bytes: int | None = None

    @property
    def lag(self) -> int | None:
        """Events of the log that are not folded yet; None before the broker was asked."""
        return None if self.log_end is None else max(0, self.log_end - self.next_offset)


@dataclass(slots=True)
class Vitals:
    """How the process fares; plain numbers written by the loop and read from any thread, times are monotonic.

    `recovery_moved`: when the recovery under way last got on; `recovering`: how far it is, in words.
    `clock_offset`: by how many seconds this machine's clock is ahead of the broker's.
    """

    started: float
    beat: float
    loop_lag: float = 0.0
    assigned: bool = False
    recovering_since: float | None = None
    recovery_moved: float | None = None
    recovering: str | None = None
    recovery_seconds: float | None = None
    clock_offset: float | None = None
    unconfirmed_since: float | None = None
    coordinator_error_since: float | None = None
    broker_silent_since: float | None = None
    consumer_beat: float | None = None
    dead_letters_failing_since: float | None = None
    partitions: Mapping[Partition, PartitionVitals] = field(default_factory=dict)


class Telemetry:
    """The process's own metrics, in a registry of their own.

    `sources`: the registered sources of each feed; `flags`: the flags each feed may raise; `readers`: who reads the
    records of each. Every known child begins at 0, because the first increments of a series that is born above 0 are
    invisible to `increase`.
    """

    def __init__(self, sources: Mapping[str, Iterable[str]], flags: Mapping[str, Iterable[str]], vitals: Vitals,
                 readers: Iterable[Reader] = (), *, build: Mapping[str, str]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.vitals = vitals
        self._readers = readers
        self._read = self._counter("events_read", "Records read.", "feed", "source")
        self._fates: dict[str, Counter] = {fate: self._counter(f"events_{fate}", text, "feed", "source")
                                           for fate, text in EVENTS.items()}
        self._rejected = self._counter("events_rejected", "Events refused, by reason.", "feed", "source", "reason")
        self._flagged = self._counter("events_flagged", "Doubts about accepted events.", "feed", "source", "reason")
        self.dead_letter_errors = self._counter("dead_letter_produce_errors", "Failed writes of dead letters.")
        self.snapshot_errors = self._counter("snapshot_errors", "Snapshots that the broker did not confirm.")
        self.dropped = self._counter("samples_dropped", "Samples left out of the page.", "reason")
        self._delays = {feed: Delay() for feed in sources}
        for feed, known in sources.items():
            self._begin(feed, (*known, OTHER), tuple(flags[feed]))
        for reason in ("not_finite", "undeclared"):
            self.dropped.labels(reason)
        info = Gauge(names.metric("build_info"), "What runs.", tuple(build), registry=self.registry)
        info.labels(**build).set(1)
        self.registry.register(Function(self._delay_families))
        self.registry.register(Function(self._vital_families))
        self.registry.register(Function(self._reader_families))

    def count(self, feed: str, fates: Mapping[tuple[str, str], int], reasons: Mapping[tuple[str, str], int],
              flags: Mapping[tuple[str, str], int], delays: list[int]) -> None:
        """Counts what became of one batch; `delays` are milliseconds from event to arrival."""
        for (source, fate), number in fates.items():
            self._read.labels(feed, source).inc(number)
            if fate in self._fates:
                self._fates[fate].labels(feed, source).inc(number)
        for (source, reason), number in reasons.items():
            if reason != Reason.LATE:
                self._rejected.labels(feed, source, str(reason)).inc(number)
        for (source, flag), number in flags.items():
            self._flagged.labels(feed, source, str(flag)).inc(number)
        self._delays[feed].add(delays)

    def register(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Adds figures that are read when the page is asked for."""
        self.registry.register(Function(collect))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(names.metric(name), text, labels, registry=self.registry)

    def _begin(self, feed: str, sources: tuple[str, ...], flags: tuple[str, ...]) -> None:
        for source in sources:
            for counter in (self._read, *self._fates.values()):
                counter.labels(feed, source)
            for reason in Reason:
                if reason is not Reason.LATE:
                    self._rejected.labels(feed, source, reason.value)
            for flag in flags:
                self._flagged.labels(feed, source, str(flag))

    def _delay_families(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(names.metric("event_delay_seconds"), "From the event's time to its arrival.",
                                       labels=["feed"])
        for feed, delay in self._delays.items():
            family.add_metric([feed], delay.buckets(), delay.total / 1000)
        yield family

    def _vital_families(self) -> Iterator[Metric]:
        yield gauge("loop_lag_seconds", "How late the event loop answered last.", self.vitals.loop_lag)
        if self.vitals.recovery_seconds is not None:
            yield gauge("recovery_seconds", "How long the newest recovery took.", self.vitals.recovery_seconds)
        if self.vitals.clock_offset is not None:
            yield gauge("worker_clock_offset_seconds",
                        "How far the clock of the worker's machine is ahead of the broker's.", self.vitals.clock_offset)
        partitions = self.vitals.partitions
        for name, text, value in PARTITION_FIGURES:
            family = GaugeMetricFamily(names.metric(name), text, labels=["topic", "partition"])
            for (topic, number), vitals in partitions.items():
                if (found := value(vitals)) is not None:
                    family.add_metric([topic, str(number)], found)
            yield family
        lag = GaugeMetricFamily(names.metric("consumer_lag_events"), "Events in the log that are not folded yet.",
                                labels=["feed", "topic", "partition"])
        for (topic, number), vitals in partitions.items():
            if vitals.lag is not None:
                lag.add_metric([vitals.feed, topic, str(number)], vitals.lag)
        yield lag

    def _reader_families(self) -> Iterator[Metric]:
        decoded = CounterMetricFamily(names.metric("events_decoded"), "Records read, by the reader that read them.",
                                      labels=["feed", "reader"])
        differences = CounterMetricFamily(names.metric("reader_differences"),
                                          "Events on which the fast reader and pydantic did not agree.",
                                          labels=["feed"])
        trying = GaugeMetricFamily(names.metric("fast_reader"), "1 while the fast reader is asked first.",
                                   labels=["feed"])
        by_feed: dict[str, list[Reader]] = {}
        for reader in self._readers:
            by_feed.setdefault(reader.feed, []).append(reader)
        for feed, group in by_feed.items():  # two versions of a feed have a reader each
            decoded.add_metric([feed, "fast"], sum(each.fast for each in group))
            decoded.add_metric([feed, "pydantic"], sum(each.judged for each in group))
            differences.add_metric([feed], sum(each.differences for each in group))
            trying.add_metric([feed], all(each.trying for each in group))
        yield from (decoded, differences, trying)


PARTITION_FIGURES: tuple[tuple[str, str, Callable[[PartitionVitals], float | None]], ...] = (
    ("partition_owner", "1 while this worker owns the partition.", lambda _: 1),
    ("committed_offset", "The committed offset, asked from the broker.", lambda vitals: vitals.committed),
    ("log_end_offset", "Where the log ends, asked from the broker.", lambda vitals: vitals.log_end),
    ("progress_timestamp_seconds", "When the partition's state last moved on.", lambda vitals: vitals.progress),
    ("snapshot_confirmed_timestamp_seconds", "When the broker last confirmed a snapshot.",
     lambda vitals: vitals.confirmed),
    ("snapshot_bytes", "Size of the newest snapshot, blocks included.", lambda vitals: vitals.snapshot_bytes),
)


class Delay:
    """A histogram that takes a whole batch at once; bounds are inclusive."""

    def __init__(self) -> None:
        self.counts = [0] * (len(DELAY_BOUNDS_MS) + 1)
        self.total = 0

    def add(self, delays: list[int]) -> None:
        """Adds milliseconds; sorting a batch costs less than finding the bucket of each, and often all share one."""
        first, last = (bisect_left(DELAY_BOUNDS_MS, edge) for edge in (min(delays, default=0), max(delays, default=0)))
        if first == last:
            self.counts[first] += len(delays)
            self.total += sum(delays)
            return
        ordered = sorted(delays)
        below = [bisect_right(ordered, bound) for bound in DELAY_BOUNDS_MS] + [len(ordered)]
        for index, number in enumerate(below):
            self.counts[index] += number - (below[index - 1] if index else 0)
        self.total += sum(ordered)

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound in seconds."""
        bounds = [str(bound / 1000) for bound in DELAY_BOUNDS_MS]
        return list(zip([*bounds, "+Inf"], accumulate(self.counts), strict=True))


class Function(Collector):
    """A collector made of one function."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        """The families of now."""
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are checked by test, and registering does not collect."""
        return ()


def gauge(name: str, text: str, value: float) -> Metric:
    """A gauge of one sample."""
    return GaugeMetricFamily(names.metric(name), text, value=value)
