"""Recording rules of what every feed shows beside its KPIs: states of sources, records, times, the four words, lag."""

from collections.abc import Iterator

from rules import promql
from rules.promql import LabelledRule, Rule
from schemas import names

SOURCE = ("feed", "source")


def rules() -> list[Rule]:
    """The rules, once for all feeds; the states stand first."""
    return [*_states(), *_sources(), *_partitions()]


def _states() -> Iterator[Rule]:
    """One state a feed and one a source, the best that holds; `ioc:feed_state` decides what is withheld."""
    for record, by in (("ioc:feed_state", ("feed",)), ("ioc:feed_source_state", SOURCE)):
        for name in promql.STATES:
            rule: LabelledRule = {"record": record, "expr": promql.state(name, by), "labels": {"state": name}}
            yield rule


def _sources() -> Iterator[Rule]:
    for figure in ("last_event_timestamp_seconds", "last_arrival_timestamp_seconds", "expected_interval_seconds"):
        metric = names.metric("feed", figure)
        yield {"record": names.recorded(metric), "expr": promql.newest(metric, SOURCE)}
    yield _rule("ioc_feed_records", promql.merged("ioc_feed_records", (*SOURCE, "fate"), "sum"))
    for word in ("validity", "quality"):
        metric = names.metric("feed", word, "ratio")
        yield _rule(metric, promql.ratio(metric, SOURCE))
    # every partition states what the whole source owes, so that denominator is not added
    metric = names.metric("feed", "completeness", "ratio")
    yield _rule(metric, promql.ratio(metric, SOURCE, denominators="max"))


def _partitions() -> Iterator[Rule]:
    for moment in ("watermark", "present"):
        metric = names.metric(moment, "timestamp_seconds")
        yield _rule(metric, promql.merged(metric, ("topic",), "min"))
    lag = "ioc_consumer_lag_events"
    yield _rule(lag, f"sum by (feed, topic) (max by (feed, topic, partition) ({lag}))")


def _rule(metric: str, expression: str) -> Rule:
    return {"record": names.recorded(metric), "expr": expression}
