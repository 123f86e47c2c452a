"""What sensors of Theodolite's UC2 send, declared as any feed is: no envelope, the sensor is the key.

The variance of the population is a special aggregate of this feed, as the rise of a river is of its own: no KPI of the
province asks for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from schemas import Count, EpochMillis, Feed, Kpi, Listed, Max, Mean, Min, Payload, Rolling, Sum, Text, Unit
from schemas.aggregates import Aggregate, State
from schemas.reference.rows import Row

MILLIWATTS = 1000
Watts = Annotated[float, Unit("watts", steps=MILLIWATTS, per=MILLIWATTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor(Row):
    """A sensor."""

    KEY = ("sensor",)
    sensor: str


class Reading(Payload):
    """What a sensor measured."""

    identifier: Annotated[str, Listed("sensors", law=True)]
    timestamp: EpochMillis
    valueInW: Watts  # noqa: N815  # Theodolite calls it so


class Variance(Aggregate):
    """Variance of the population; state: how many, their sum, the sum of their squares, in whole steps, so exact.

    Of one sensor, whose readings are all in one partition: of several the largest would be shown.
    """

    shape = "max"

    def zero(self) -> State:
        return [0, 0, 0]

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += 1
        state[1] += values[0]
        state[2] += values[0] * values[0]

    def of_all(self, values: Sequence[int]) -> State:
        return [len(values), sum(values), sum(value * value for value in values)]

    def read(self, state: State) -> tuple[float, ...]:
        number, total, squares = state
        return ((number * squares - total * total) / (number * number * MILLIWATTS),) if number else ()


MINUTE = timedelta(minutes=1)
OVER = (Rolling(MINUTE, step=MINUTE), Rolling(timedelta(hours=1), step=MINUTE))
"""The window of the benchmark; and an hour, so that none is forgotten before it is compared."""

FEED = Feed(
    name="uc2",
    title=Text("Cảm biến Theodolite", "Sensors of Theodolite"),
    payload=Reading,
    actions=("measured",),
    key="identifier",
    bare="timestamp",
    every=timedelta(seconds=1),
    duty="none",
    lists={"sensors": Sensor},
    kpis=tuple(
        Kpi(f"power_{name}", Text(title, title_en), aggregate, over=OVER, by=("identifier",), unit=unit)
        for name, title, title_en, aggregate, unit in (
            ("count", "Số lần đo", "Readings", Count(), None),
            ("sum", "Tổng công suất", "Sum of the power", Sum("valueInW"), None),
            ("min", "Công suất nhỏ nhất", "Smallest power", Min("valueInW"), None),
            ("max", "Công suất lớn nhất", "Largest power", Max("valueInW"), None),
            ("mean", "Công suất trung bình", "Mean power", Mean("valueInW"), None),
            ("variance", "Phương sai công suất", "Variance of the power", Variance("valueInW"), "square_watts"),
        )
    ),
    example={"identifier": "s_0", "timestamp": 1_700_000_000_000, "valueInW": 1.5},
)
