"""What sensors of Theodolite's UC2 send, declared as any feed is: no envelope, the sensor is the key.

Of a window's six statistics it shows five. The variance of the population is no aggregate of ours: no KPI of the
province asks for one.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from schemas import Count, EpochMillis, Feed, Kpi, Listed, Max, Mean, Min, Payload, Rolling, Sum, Text, Unit
from schemas.reference.rows import Row

Watts = Annotated[float, Unit("watts", steps=1000, per=1000)]


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
        Kpi(f"power_{name}", Text(title, title_en), aggregate, over=OVER, by=("identifier",))
        for name, title, title_en, aggregate in (
            ("count", "Số lần đo", "Readings", Count()),
            ("sum", "Tổng công suất", "Sum of the power", Sum("valueInW")),
            ("min", "Công suất nhỏ nhất", "Smallest power", Min("valueInW")),
            ("max", "Công suất lớn nhất", "Largest power", Max("valueInW")),
            ("mean", "Công suất trung bình", "Mean power", Mean("valueInW")),
        )
    ),
    example={"identifier": "s_0", "timestamp": 1_700_000_000_000, "valueInW": 1.5},
)
