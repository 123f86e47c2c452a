"""Small feeds without an envelope: with and without a key, with and without an entity that is remembered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, NotRequired

from schemas import (
    All,
    Count,
    Entity,
    EpochMillis,
    EpochText,
    Feed,
    Histogram,
    Id,
    Is,
    Kpi,
    Latest,
    Listed,
    Max,
    Mean,
    Metres,
    Min,
    Now,
    Payload,
    Plausible,
    Ratio,
    Rolling,
    Sum,
    Text,
    Time,
)
from schemas.aggregates import Aggregate, State

WORD = Text("chữ", "word")
MINUTES = Rolling(timedelta(minutes=30), step=timedelta(minutes=10))
HOURS = Rolling(timedelta(hours=3), step=timedelta(minutes=10))


class Click(Payload):
    """A click, as a stranger's program writes it: flat, unkeyed, the time as digits."""

    page: str
    station: NotRequired[Annotated[str, Listed("stations", gives=("river",))]]
    kind: Literal["view", "click"]
    amount: NotRequired[Annotated[int, Plausible(0, 100)]]
    happened: EpochText


class Level(Payload):
    """A reading with no envelope around it, keyed by its station."""

    station_id: Annotated[Id, Listed("stations", law=True, gives=("river",))]
    level_m: NotRequired[Metres]
    measured: EpochMillis
    checked: NotRequired[Time]


CLICKS = Feed(
    name="toyclick",
    title=WORD,
    payload=Click,
    actions=("clicked",),
    key="",
    bare="happened",
    every=timedelta(minutes=10),
    duty="pac",
    kpis=(
        Kpi("views", WORD, Count(), over=(MINUTES, HOURS), by=("river",), where=Is("kind", "view")),
        Kpi("amount", WORD, Sum("amount"), over=HOURS, by=("kind", "river")),
        Kpi("station_clicks", WORD, Count(), over=HOURS, by=("station", "source")),
        Kpi("amount_max", WORD, Max("amount"), over=MINUTES),
    ),
    example={"page": "/a", "station": "LC-R-0042", "kind": "view", "happened": "1767600000000"},
)
LEVELS = Feed(
    name="toylevel",
    title=WORD,
    payload=Level,
    actions=("observed",),
    key="station_id",
    bare="measured",
    every=timedelta(minutes=10),
    duty="pac",
    entity=Entity("station_id", remembers=("level_m", "river", "checked", "source")),
    kpis=(
        Kpi("level", WORD, Latest("level_m"), over=Now(), by=("station_id", "river")),
        Kpi("level_mean", WORD, Mean("level_m"), over=HOURS, by=("river",), unit="meters"),
        Kpi("checked", WORD, Max("checked"), over=Now(), by=("river",)),
    ),
    example={"station_id": "LC-R-0042", "level_m": 82.5, "measured": 1_767_600_000_000},
)


class Tap(Payload):
    """What can be folded column by column: no key, no entity, each listed field always there."""

    station: Annotated[str, Listed("stations", gives=("river", "agency"))]
    service: Annotated[str, Listed("services", law=True)]
    kind: Literal["view", "click"]
    paid: bool
    amount: NotRequired[Annotated[int, Plausible(0, 100)]]
    litres: NotRequired[Annotated[Metres, Plausible(0, 50)]]
    happened: EpochText


TAPS = Feed(
    name="toytap",
    title=WORD,
    payload=Tap,
    actions=("tapped",),
    key="",
    bare="happened",
    every=timedelta(minutes=10),
    duty="pac",
    kpis=(
        Kpi("views", WORD, Count(), over=(MINUTES, HOURS), by=("river",), where=Is("kind", "view")),
        Kpi("paid_views", WORD, Count(), over=HOURS, where=All(Is("kind", "view"), Is("paid", True))),
        Kpi("amount", WORD, Sum("amount"), over=HOURS, by=("paid", "kind", "source")),
        Kpi("litres", WORD, Mean("litres"), over=(MINUTES, HOURS), by=("agency", "service"), unit="litres"),
        Kpi("amounts", WORD, Histogram("amount", bounds=(1, 5)), over=MINUTES, where=Is("action", "tapped")),
        Kpi("ratio", WORD, Ratio("amount", "litres"), over=HOURS, where=Is("agency", "kttv")),
        Kpi("amount_min", WORD, Min("amount"), over=HOURS, where=Is("paid", False)),
    ),
    example={"station": "LC-R-0042", "service": "dan-cu", "kind": "view", "paid": True, "happened": "1767600000000"},
)


class Pour(Payload):
    """The same under a key, and a measure without bounds."""

    service: Annotated[Id, Listed("services", law=True)]
    station: Annotated[str, Listed("stations", gives=("river",))]
    litres: Metres
    grams: NotRequired[int]
    happened: EpochMillis


class Square(Aggregate):
    """The sum of squares, an aggregate of a feed's own."""

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += values[0] ** 2

    def of_all(self, values: Sequence[int]) -> State:
        return [sum(value**2 for value in values)]


POURS = Feed(
    name="toypour",
    title=WORD,
    payload=Pour,
    actions=("poured",),
    key="service",
    bare="happened",
    every=timedelta(minutes=10),
    duty="pac",
    kpis=(
        Kpi("number", WORD, Count(), over=(MINUTES, HOURS), by=("service",)),
        Kpi("litres", WORD, Sum("litres"), over=(MINUTES, HOURS), by=("service",), unit="litres"),
        Kpi("litres_min", WORD, Min("litres"), over=(MINUTES, HOURS), by=("service",), unit="litres"),
        Kpi("litres_max", WORD, Max("litres"), over=HOURS, by=("service",), unit="litres"),
        Kpi("litres_mean", WORD, Mean("litres"), over=HOURS, by=("river", "service"), unit="litres"),
        Kpi("litres_spread", WORD, Histogram("litres", bounds=(1, 5)), over=HOURS, by=("service",), unit="litres"),
        Kpi("litres_square", WORD, Square("litres"), over=HOURS, by=("service",), unit="litres"),
        Kpi("grams", WORD, Sum("grams"), over=HOURS, where=Is("service", "dan-cu")),
        Kpi("grams_per_litre", WORD, Ratio("grams", "litres"), over=HOURS, by=("river",)),
    ),
    example={"service": "dan-cu", "station": "LC-R-0042", "litres": 0.5, "happened": 1_767_600_000_000},
)
BARE = (CLICKS, LEVELS, TAPS, POURS)
