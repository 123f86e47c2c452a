"""Mistakes in a declaration: each is answered at construction, with the feed, the KPI and the wrong word named."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, NotRequired

import pytest

from schemas import (
    Alert,
    All,
    Case,
    Check,
    Count,
    Elapsed,
    Entity,
    Feed,
    Has,
    Histogram,
    Id,
    Is,
    Kpi,
    Latest,
    Limit,
    Max,
    Mean,
    Metres,
    Min,
    Now,
    Open,
    Past,
    Payload,
    Ratio,
    Rolling,
    ServiceLevel,
    Share,
    Station,
    Sum,
    Text,
    Time,
    Working,
)
from schemas.catalogue import find_feed
from schemas.errors import DeclarationError

WORD = Text("chữ", "word")
HOUR = Rolling(timedelta(hours=1))


class Look(Payload):
    """One reading of one station, or one step of a case."""

    station_id: Station
    note: NotRequired[str]
    kind: NotRequired[Literal["a", "b"]]
    level_m: NotRequired[Metres]
    due_at: NotRequired[Time]
    number: NotRequired[int]


def doubtful(row: Look, before: Mapping[str, Any]) -> bool:
    """A doubt."""
    return False


STANDING = Entity("station_id", remembers=("level_m", "kind", "number"))
CASE = Case("station_id", opens=("seen",), closes=("gone",), remembers=("kind", "due_at"))


def feed(*kpis: Kpi, **changes: Any) -> Feed:
    about: dict[str, Any] = {
        "name": "toy", "title": WORD, "payload": Look, "actions": ("seen", "gone"), "key": "station_id", "duty": "it",
        "every": timedelta(minutes=1), "kpis": kpis, "entity": STANDING,
        "example": {
            "specversion": "1.0", "id": "1", "source": "//laocai.gov.vn/kttv/vrain", "agency": "kttv",
            "type": "vn.laocai.toy.seen.v1", "time": "2026-01-05T08:00:00+07:00", "data": {"station_id": "LC-R-0042"},
        },
    }  # fmt: skip
    return Feed(**{**about, **changes})


def fault(*kpis: Kpi, **changes: Any) -> str:
    with pytest.raises(DeclarationError) as caught:
        feed(*kpis, **changes)
    return str(caught.value)


def kpi(aggregate: Any = None, over: Any = HOUR, **more: Any) -> Kpi:
    return Kpi("level", WORD, aggregate or Count(), over=over, **more)


KPI_FAULTS = [
    (kpi(by=("staton_id",)), "Look has no ['staton_id']"),
    (kpi(Sum("levl_m")), "Look has no ['levl_m']"),
    (kpi(Ratio("number", "nmber")), "Look has no ['nmber']"),
    (kpi(Share(Past("due")), by=("kind",)), "Look has no ['due']"),
    (kpi(Histogram(Elapsed("opened_at", "time"), bounds=(1,))), "Look has no ['opened_at']"),
    (kpi(where=All(Is("kind", "a"), Has("nots"))), "Look has no ['nots']"),
    (kpi(by=("note",)), "label 'note' is an open set"),
    (kpi(by=("number",)), "label 'number' is an open set"),
    (kpi(where=Is("action", "sene")), "'action' is never ['sene']"),
    (kpi(where=All(Has("note"), Is("kind", "a", "c"))), "'kind' is never ['c']"),
    (kpi(Share(Is("kind", "d"))), "'kind' is never ['d']"),
    (kpi(Sum("note")), "'note' is neither a number nor a moment"),
    (kpi(Ratio("number", "kind")), "'kind' is neither a number nor a moment"),
    (kpi(Max(Elapsed("number", "time"))), "'number' is no moment"),
    (kpi(over=Now(), by=("action",)), "['action'] is used but not remembered"),
    (kpi(Sum("number"), over=Now(), where=Has("due_at")), "['due_at'] is used but not remembered"),
    (kpi(over=Open()), "counts open cases, but the feed declares no case"),
    (kpi(Latest("level_m"), over=Now(), by=("kind",)), "the latest value is per entity: over Now(), by 'station_id'"),
    (kpi(Latest("level_m"), by=("station_id",)), "the latest value is per entity: over Now(), by 'station_id'"),
    (kpi(by=("station_id",)), "is by 'station_id', but nothing it measures is remembered"),
    (kpi(alerts=(Alert("High", "P1", WORD, above=Limit("flood"), window="3h"),)), "alert 'High' looks at no window"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "words"), KPI_FAULTS, ids=[words for _, words in KPI_FAULTS])
def test_a_mistake_in_a_kpi_names_feed_kpi_and_word(wrong: Kpi, words: str) -> None:
    told = fault(wrong)

    assert told.startswith("feed 'toy', KPI 'level': ")
    assert words in told


FEED_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"key": "station"}, "the key 'station' is no field of Look"),
    ({"name": "feed"}, "'feed' may not be the name of a feed"),
    ({"name": "Toy"}, "'Toy' may not be the name of a feed"),
    ({"covers": "period_s"}, "covers 'period_s', which is no field of Look"),
    ({"key": "note"}, "is keyed by 'note' but remembers by 'station_id'"),
    ({"entity": Entity("station_id", remembers=("levl_m",))}, "remembers ['levl_m'], which Look has not"),
    ({"entity": replace(CASE, closes=("gon",))}, "the entity turns on unknown actions ['gon']"),
    ({"entity": replace(CASE, first={"at": ("sen",)})}, "the entity turns on unknown actions ['sen']"),
    ({"entity": replace(STANDING, last={"at": ("sen",)})}, "the entity turns on unknown actions ['sen']"),
    (
        {"entity": replace(CASE, deadlines={"by": ServiceLevel("x", by="number")})},
        "a service level is chosen by ['number']",
    ),
    ({"entity": None, "checks": (Check(doubtful, WORD),)}, "has checks, but remembers no entity"),
    ({"actions": ("gone",), "entity": None}, "the example's type is none of ['vn.laocai.toy.gone.v1']"),
]


@pytest.mark.parametrize(("changes", "words"), FEED_FAULTS, ids=[words for _, words in FEED_FAULTS])
def test_a_mistake_in_a_feed_names_the_feed_and_the_word(changes: dict[str, Any], words: str) -> None:
    told = fault(**changes)

    assert told.startswith("feed ")
    assert words in told


def test_an_example_that_breaks_the_payload_is_answered_with_the_place() -> None:
    example = {**feed().example, "data": {"station_id": "LC-R-0042", "kind": "z"}}

    assert "the example is no event: /data/kind" in fault(example=example)


def test_two_kpis_of_one_name_need_a_label_that_tells_them_apart() -> None:
    assert "two KPIs of one name" in fault(kpi(), kpi())
    assert len(feed(kpi(labels={"basis": "a"}), kpi(labels={"basis": "b"})).kpis) == 2


def test_a_payload_may_not_use_the_names_of_the_envelope() -> None:
    class Rude(Payload):
        """Says when it happened twice."""

        station_id: Id
        time: str

    assert "Rude reuses envelope names ['time']" in fault(payload=Rude)


def test_an_alert_has_exactly_one_side() -> None:
    with pytest.raises(DeclarationError, match="exactly one of above, below"):
        Alert("High", "P1", WORD)


def test_a_value_of_a_reference_list_is_not_judged_by_the_language() -> None:
    """Which categories exist is dated data: the declaration cannot know."""
    assert feed(kpi(where=Is("station_id", "LC-L-0001")))


@pytest.mark.parametrize(
    ("aggregate", "unit", "name"),
    [
        (Count(), None, "ioc_toy_level"),
        (Max("level_m"), None, "ioc_toy_level_meters"),
        (Mean("level_m"), "meters", "ioc_toy_level_meters"),
        (Share(Is("kind", "a")), None, "ioc_toy_level_ratio"),
        (Min("due_at"), None, "ioc_toy_level_timestamp_seconds"),
    ],
)
def test_the_name_of_a_metric_tells_its_unit(aggregate: Any, unit: str | None, name: str) -> None:
    declared = kpi(aggregate, unit=unit)

    assert feed(declared).metric(declared) == name


def test_working_time_is_told_in_the_name() -> None:
    declared = kpi(Histogram(Elapsed("opened_at", "time", working=True), bounds=(1,)))

    made = feed(declared, entity=CASE, every=Working(1))

    assert made.metric(declared) == "ioc_toy_level_working_seconds"
    assert made.stale_after == 4 * 3_600_000


def test_the_ranges_and_rates_of_the_feeds_are_in_their_metric_names() -> None:
    hydromet = find_feed("hydromet")

    assert [hydromet.metric(each) for each in hydromet.kpis] == [
        "ioc_hydromet_rain_millimeters", "ioc_hydromet_level_meters", "ioc_hydromet_rise_meters_per_hour",
        "ioc_hydromet_temperature_celsius", "ioc_hydromet_siren_active",
    ]  # fmt: skip
