"""Process figures: known children begin at 0, delays fall into inclusive buckets, no figure is unknown as a number."""

from prometheus_client import generate_latest

from schemas.event import envelope
from schemas.reader import Readers
from streams.telemetry import Delay, PartitionVitals, Telemetry, Vitals
from tests.worker import probe

SOURCE = "//a"


def telemetry(vitals: Vitals | None = None) -> Telemetry:
    return Telemetry({"feedback": [SOURCE]}, {"feedback": ["out_of_range"]}, vitals or Vitals(started=0, beat=0),
                     build={"version": "1"})


def test_every_known_child_begins_at_nought_and_has_no_created_twin() -> None:
    text = generate_latest(telemetry().registry).decode()
    for line in ('ioc_events_read_total{feed="feedback",source="//a"} 0.0',
                 'ioc_events_rejected_total{feed="feedback",reason="wrong_key",source="other"} 0.0',
                 'ioc_events_flagged_total{feed="feedback",reason="out_of_range",source="//a"} 0.0',
                 'ioc_event_delay_seconds_count{feed="feedback"} 0.0'):
        assert line in text
    assert "_created" not in text
    assert 'reason="late"' not in text


def test_delays_fall_into_buckets_with_inclusive_bounds() -> None:
    delay = Delay()
    delay.add([1000, 1001, -5])
    delay.add([90_000_000])
    found = dict(delay.buckets())
    assert (found["1.0"], found["5.0"], found["86400.0"], found["+Inf"]) == (2, 3, 3, 4)
    assert delay.total == 90_001_996


def test_delays_that_share_a_bucket_are_added_at_once_with_the_same_bounds() -> None:
    delay = Delay()
    for same in ([1000, 999], [1001, 5000], [90_000_000, 86_400_001], []):
        delay.add(same)
    found = dict(delay.buckets())
    assert (found["1.0"], found["5.0"], found["86400.0"], found["+Inf"]) == (2, 4, 4, 6)
    assert delay.total == 1999 + 6001 + 176_400_001


def test_figures_of_a_partition_that_are_not_known_yet_are_not_shown() -> None:
    vitals = Vitals(started=0, beat=0, partitions={("t", 3): PartitionVitals("feedback", 7, 0.0, 5.0)})
    made = telemetry(vitals)
    labels = {"topic": "t", "partition": "3"}
    assert made.registry.get_sample_value("ioc_partition_owner", labels) == 1
    assert made.registry.get_sample_value("ioc_log_end_offset", labels) is None
    vitals.partitions["t", 3].log_end = 10
    assert made.registry.get_sample_value("ioc_consumer_lag_events", {"feed": "feedback", **labels}) == 3


def test_who_reads_the_records_is_shown_by_feed_and_two_versions_of_one_are_added_up() -> None:
    readers = Readers(("feedback",))
    for feed, fast, judged in (("feedback", 5, 1), ("feedback", 2, 0), ("dossier", 0, 4)):
        reader = readers.reader(feed, envelope(probe.Reported), ("id",))
        reader.fast, reader.judged = fast, judged
    made = Telemetry({}, {}, Vitals(started=0, beat=0), readers.made, build={"version": "1"})

    def value(name: str, **labels: str) -> float | None:
        return made.registry.get_sample_value(name, labels)

    assert value("ioc_events_decoded_total", feed="feedback", reader="fast") == 7
    assert value("ioc_events_decoded_total", feed="feedback", reader="pydantic") == 1
    assert value("ioc_events_decoded_total", feed="dossier", reader="pydantic") == 4
    assert value("ioc_reader_differences_total", feed="dossier") == 0
    assert (value("ioc_fast_reader", feed="feedback"), value("ioc_fast_reader", feed="dossier")) == (1, 0)
    readers.made[1].retire("")
    readers.made[1].differences = 1
    assert value("ioc_reader_differences_total", feed="feedback") == 1
    assert value("ioc_fast_reader", feed="feedback") == 0
