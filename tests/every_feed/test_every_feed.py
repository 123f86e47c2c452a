"""What each feed gets for free: decoded, folded, shown, published, documented, merged; and its typos are caught."""

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from rules import common
from rules import feed as recording
from schemas.bare import decoder
from schemas.catalogue import load_feeds
from schemas.conditions import Is
from schemas.decode import Event
from schemas.errors import DeclarationError, Fate
from schemas.event import MOMENTS, millis
from schemas.feed import Feed
from schemas.kpi import Kpi
from schemas.reference import Reference, load_reference
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.engine.readings import COMMON, families, readings
from streams.engine.state import State
from tools import generate, pages
from tools.generate import derived, stale

ROOT = Path(__file__).resolve().parents[2]
FEEDS = load_feeds()
KPIS = [pytest.param(feed, kpi, id=f"{feed.name}-{number}-{kpi.name}")
        for feed in FEEDS for number, kpi in enumerate(feed.kpis)]  # fmt: skip
every_feed = pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)
every_kpi = pytest.mark.parametrize(("feed", "kpi"), KPIS)


@cache
def reference(feed_name: str) -> Reference:
    """The reference data; a feed for which nobody is registered yet may be sent by the source of its example."""
    feed = next(feed for feed in FEEDS if feed.name == feed_name)
    whole = load_reference(ROOT / "reference")
    if feed.bare is None and not any(feed_name in row.feeds for row in whole.sources.rows):
        source = feed.example["source"]
        rows = tuple(replace(row, feeds=(*row.feeds, feed_name)) for row in whole.sources.by_id[source])
        whole.sources.by_id = {**whole.sources.by_id, source: rows}
    return whole


def example(feed: Feed, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(dict(feed.example)), **changes}


def data(feed: Feed, body: dict[str, Any]) -> dict[str, Any]:
    """The payload in a record."""
    return body if feed.bare is not None else body["data"]


def value(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


@every_feed
def test_the_example_is_a_real_event_without_a_doubt(feed: Feed) -> None:
    event = decoder(feed, reference(feed.name)).decode(value(example(feed)))

    assert isinstance(event, Event)
    assert event.flags == ()
    assert event.provenance == "real"


def folded(feed: Feed) -> tuple[Plan, State]:
    """A state that has seen the example, under its own key."""
    plan = Plan(feed, reference(feed.name))
    state = State(feed.topic, 0)
    body = example(feed)
    key = str(data(feed, body)[feed.key]).encode() if feed.key else None
    time = millis(body["time"]) if feed.bare is None else MOMENTS[feed.forms[feed.bare]](body[feed.bare])
    batch = Batch(feed.topic, 0, 0, 1, [0], [time + 1000], [key], [value(body)])
    source = feed.topic if feed.bare is not None else body["source"]
    assert dict(fold(plan, state, batch).fates) == {(source, Fate.ACCEPTED): 1}
    return plan, state


@every_feed
def test_the_example_is_accepted_and_shown_under_declared_names_only(feed: Feed) -> None:
    plan, state = folded(feed)
    names = {name for family in (*families(feed), *COMMON) for name in _samples(family.name, family.kind)}

    shown = {reading.name for reading in readings(plan, state)}

    assert shown <= names
    assert shown & {name for family in families(feed) for name in _samples(family.name, family.kind)}


@every_feed
def test_the_labels_shown_are_those_that_the_rules_merge_by(feed: Feed) -> None:
    plan, state = folded(feed)
    place = {"topic", "partition", "provenance", "le"}
    own = {name for family in families(feed) for name in _samples(family.name, family.kind)}

    for reading in readings(plan, state):
        if reading.name in own and not reading.name.endswith(("_known", "_as_of_timestamp_seconds")):
            metric = next(feed.metric(kpi) for kpi in feed.kpis if reading.name.startswith(feed.metric(kpi)))
            assert {label for label, _ in reading.labels} - place <= set(recording.labels(feed, metric))


def _samples(name: str, kind: str) -> tuple[str, ...]:
    return tuple(name + end for end in ("_bucket", "_sum", "_count")) if kind == "histogram" else (name,)


@every_feed
def test_the_published_schema_takes_the_example(feed: Feed) -> None:
    _validator(feed).validate(example(feed))


@every_feed
@pytest.mark.parametrize("change", ["type", "key", "unknown field", "unknown attribute", "no time"])
def test_the_published_schema_refuses_what_the_door_refuses(feed: Feed, change: str) -> None:
    body = example(feed)
    match change:
        case "type" if feed.bare is None:
            body["type"] = f"vn.laocai.{feed.name}.exploded.v{feed.version}"
        case "key" if feed.key:
            data(feed, body)[feed.key] = 17
        case "unknown field":
            data(feed, body)["colour"] = "red"
        case "unknown attribute":
            body["colour"] = "red"
        case "no time":
            del body[feed.bare or "time"]
        case _:
            pytest.skip("the feed has no envelope, or no key")

    assert not _validator(feed).is_valid(body)
    assert not isinstance(decoder(feed, reference(feed.name)).decode(value(body)), Event)


def _validator(feed: Feed) -> Draft202012Validator:
    path = ROOT / "schemas" / "published" / f"{feed.name}.v{feed.version}.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(published)
    return Draft202012Validator(published)


@every_feed
def test_the_published_schema_names_topic_key_and_every_field(feed: Feed) -> None:
    published: Any = _validator(feed).schema

    assert published["x-kafka-topic"] == feed.topic
    assert published["x-kafka-key"] == (feed.key or None)
    if feed.bare is None:
        assert published["properties"]["type"]["enum"] == list(feed.types)
        published = published["$defs"][feed.payload.__name__]
    else:
        assert published["x-event-time"] == feed.bare
    assert published["properties"].keys() == feed.hints.keys()


@every_feed
def test_its_page_names_every_field_action_flag_and_what_is_not_built(feed: Feed) -> None:
    page = (ROOT / "docs" / "feeds" / f"{_stem(feed)}.md").read_text(encoding="utf-8")

    for word in (*feed.hints, *feed.types, *(check.name for check in feed.checks), *feed.not_built, feed.topic):
        assert f"`{word}" in page


@every_kpi
def test_every_kpi_is_documented_in_both_languages(feed: Feed, kpi: Kpi) -> None:
    page = (ROOT / "docs" / "feeds" / f"{_stem(feed)}.md").read_text(encoding="utf-8")
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

    row = [
        line
        for line in page.splitlines()
        if line.startswith(f"| `{feed.metric(kpi)}` | {kpi.title.vi} | {kpi.title.en} |")
    ]
    assert len(row) == 1
    assert f"`{feed.metric(kpi)}" in metrics


@every_feed
def test_the_rules_read_only_names_that_are_shown(feed: Feed) -> None:
    shown = {name for family in (*families(feed), *COMMON) for name in _samples(family.name, family.kind)}
    shown |= {rule["record"] for rule in common.rules()} | {"ioc_feed_partitions", "ioc_station_expected"}

    for rule in recording.rules(feed):
        assert _names(rule["expr"]) <= shown, rule["record"]


def _names(expression: str) -> set[str]:
    """The metric names in an expression: words with our prefix."""
    plain = expression
    for sign in '(){},=~"|':
        plain = plain.replace(sign, " ")
    return {word for word in plain.split() if word.startswith(("ioc_", "ioc:"))}


@every_kpi
def test_every_kpi_is_recorded(feed: Feed, kpi: Kpi) -> None:
    text = (ROOT / "rules" / "generated" / f"{_stem(feed)}.yml").read_text(encoding="utf-8")
    recorded = [rule.get("record") for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    name = feed.metric(kpi).replace("ioc_", "ioc:", 1)
    wanted = [name + end for end in ("_bucket", "_sum", "_count")] if kpi.aggregate.shape == "buckets" else [name]
    assert [recorded.count(each) for each in wanted] == [1] * len(wanted)


@every_kpi
def test_a_typo_in_a_label_is_caught_with_feed_and_kpi_named(feed: Feed, kpi: Kpi) -> None:
    wrong = replace(kpi, by=(*kpi.by, "comune"))

    with pytest.raises(DeclarationError, match=rf"^feed '{feed.name}', KPI '{kpi.name}': \w+ has no \['comune'\]$"):
        replace(feed, kpis=tuple(wrong if each is kpi else each for each in feed.kpis))


@every_kpi
def test_a_typo_in_a_value_is_caught_with_feed_and_kpi_named(feed: Feed, kpi: Kpi) -> None:
    wrong = replace(kpi, where=Is("action", "resovled"))

    with pytest.raises(DeclarationError, match=rf"^feed '{feed.name}', KPI '{kpi.name}': .*(resovled|not remembered)"):
        replace(feed, kpis=tuple(wrong if each is kpi else each for each in feed.kpis))


@every_feed
def test_an_open_set_becomes_no_label(feed: Feed) -> None:
    open_field = next(name for name in feed.hints if not feed.closed(name))
    wrong = replace(next(kpi for kpi in feed.kpis if kpi.windows), by=(open_field,))

    with pytest.raises(DeclarationError, match="is an open set"):
        replace(feed, kpis=(wrong,))


@every_feed
def test_every_alert_and_target_has_its_row_in_the_reference_data(feed: Feed) -> None:
    data = load_reference(ROOT / "reference")

    for kpi in feed.kpis:
        for alert in kpi.alerts:
            limit = alert.above or alert.below
            assert limit is not None
            levels = {row.level for row in data.limits.rows if row.limit == limit.name}
            assert levels == {""} or str(limit.level) in levels, alert.name
        if kpi.target is not None:
            assert kpi.target.name in data.targets.values


def test_every_generated_file_is_fresh_and_none_is_left_over() -> None:
    assert stale(ROOT, derived()) == []


def test_a_stale_a_missing_and_a_left_over_file_are_each_told(tmp_path: Path) -> None:
    files = derived()
    generate.write(tmp_path, files)
    assert stale(tmp_path, files) == []

    (tmp_path / "docs" / "metrics.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs" / "settings.md").unlink()
    (tmp_path / "schemas" / "published" / "gone.v1.json").write_text("{}", encoding="utf-8")

    assert stale(tmp_path, files) == ["docs/metrics.md", "docs/settings.md", "schemas/published/gone.v1.json"]
    generate.write(tmp_path, files)
    assert stale(tmp_path, files) == []


def test_every_setting_and_every_figure_of_the_process_is_documented() -> None:
    assert "| `IOC_BROKERS` |" in pages.settings_page()
    assert "| `ioc_events_read_total` | counter | feed, source |" in pages.metrics_page(FEEDS)


def _stem(feed: Feed) -> str:
    return feed.name if feed.version == 1 else f"{feed.name}_v{feed.version}"
