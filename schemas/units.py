"""Units of measure: the suffix of a metric name, and in how many whole steps a unit of the metric is kept."""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Unit:
    """How a field is counted and shown.

    Attributes:
        suffix: base unit in the metric's name, `meters`.
        steps: whole steps in one unit of the *field*; the engine keeps `round(value * steps)` (IEEE double product,
            half to even), so that sums are exact in any order.
        per: whole steps in one unit of the *metric*: what is shown is `kept / per`.
    """

    suffix: str
    steps: int = 1
    per: int = 1


@dataclass(frozen=True, slots=True)
class Plausible:
    """The range of values that nobody doubts; outside it an event is accepted and flagged `out_of_range`."""

    low: float
    high: float


Millimetres = Annotated[float, Unit("millimeters", steps=10, per=10)]
Metres = Annotated[float, Unit("meters", steps=1000, per=1000)]
Celsius = Annotated[float, Unit("celsius", steps=10, per=10)]
Seconds = Annotated[int, Unit("seconds", steps=1000, per=1000)]
Milliseconds = Annotated[int, Unit("seconds", steps=1, per=1000)]
Fraction = Annotated[float, Unit("ratio", steps=10_000, per=10_000)]
