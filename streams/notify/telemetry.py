"""The receiver's own figures, counted since it started."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from schemas import names
from streams.notify.memory import Memory
from streams.notify.payload import Channel

OUTCOMES = ("written", "waiting", "kept_back", "repeated")
DELAYS = (1, 5, 15, 60, 300, 900)


class Telemetry:
    """Counters and gauges in a registry of their own; every known child begins at 0."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._outcomes = Counter(names.metric("notifications"), "Alerts delivered, by what became of them.",
                                 ("channel", "outcome"), registry=self.registry)
        self.refused = Counter(names.metric("notifications_refused"), "Deliveries that could not be read.",
                               registry=self.registry)
        self.failed = Counter(names.metric("notification_write_errors"), "Lines that could not be written.",
                              registry=self.registry)
        self.delay = Histogram(names.metric("notification_delay_seconds"), "From the alert's beginning to its line.",
                               buckets=DELAYS, registry=self.registry)
        self._beat = Gauge(names.metric("notify_beat_timestamp_seconds"), "When the Watchdog was heard last.",
                           registry=self.registry)
        self._lost = Gauge(names.metric("notify_watchdog_lost"), "1 while the Watchdog is lost.",
                           registry=self.registry)
        self._open = Gauge(names.metric("notify_alerts"), "Alerts by the last word about them.", ("word",),
                           registry=self.registry)
        for channel in Channel:
            for outcome in OUTCOMES:
                self._outcomes.labels(channel.value, outcome)

    def count(self, outcomes: Iterable[tuple[Channel, str]]) -> None:
        """Counts what became of alerts."""
        for channel, outcome in outcomes:
            self._outcomes.labels(channel.value, outcome).inc()

    def page(self, memory: Memory) -> bytes:
        """The text of /metrics."""
        self._beat.set(memory.beat or 0)
        self._lost.set(memory.lost_since is not None)
        for word in ("firing", "ending", "kept"):
            self._open.labels(word).set(sum(one.word == word for one in memory.told.values()))
        return generate_latest(self.registry)
