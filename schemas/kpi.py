"""KPIs: one number per combination of labels, with its alerts and its target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from schemas import names
from schemas.aggregates import Aggregate, Histogram
from schemas.conditions import Condition
from schemas.entities import Now, Open
from schemas.errors import DeclarationError
from schemas.text import Text
from schemas.windows import Window, pane_of

Severity = Literal["P1", "P2", "P3", "P4"]
Wall = Literal["province", "shift", "disaster", "administration", "feedback", "digital", "data"]

TWIN = names.silent("")


@dataclass(frozen=True, slots=True)
class Limit:
    """A dated limit in reference/limits.csv, joined by the KPI's labels."""

    name: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires when a KPI stays at or above a limit, or below one, for the given time.

    Attributes:
        lasting: for how long before it fires; nothing where life is at stake.
        window: which window of the KPI is judged.
        duty: who is called if not the duty of the feed.
        hazard: whether it calls outside office hours too, whatever its severity.
        wall: the wall that shows more; the feed's own dashboard if None.
    """

    name: str
    severity: Severity
    title: Text
    above: Limit | None = None
    below: Limit | None = None
    lasting: timedelta = timedelta(0)
    window: str | None = None
    duty: str | None = None
    hazard: bool = False
    wall: Wall | None = None

    def __post_init__(self) -> None:
        if (self.above is None) == (self.below is None):
            raise DeclarationError(f"alert {self.name!r} needs exactly one of above, below")
        if not self.name.isalnum() or not self.name[0].isupper() or self.name.endswith(TWIN):
            raise DeclarationError(f"alert {self.name!r}: a name is CamelCase and does not end with {TWIN}")

    @property
    def limit(self) -> Limit:
        """The limit it compares with."""
        limit = self.above or self.below
        assert limit is not None
        return limit


@dataclass(frozen=True, slots=True)
class Target:
    """A dated target in reference/targets.csv."""

    name: str
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True)
class Kpi:
    """One number per combination of labels, over the events of a window or over entities as they stand.

    Attributes:
        over: one or several windows, or the entities as they stand.
        by: fields that become labels, all of closed sets.
        where: which rows; all if None.
        unit: suffix of the metric if it is not the measured field's.
        labels: constant labels that tell variants of one name apart.
        basis: law, paper or spec the KPI comes from.
    """

    name: str
    title: Text
    aggregate: Aggregate
    over: Window | tuple[Window, ...] | Now | Open
    by: tuple[str, ...] = ()
    where: Condition | None = None
    unit: str | None = None
    target: Target | None = None
    alerts: tuple[Alert, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows of a KPI over events; empty for one over entities."""
        if isinstance(self.over, Now | Open):
            return ()
        return self.over if isinstance(self.over, tuple) else (self.over,)

    @cached_property
    def pane(self) -> int:
        """Milliseconds of the pane from which all windows of the KPI are put together."""
        return pane_of(self.windows)


def is_histogram(kpi: Kpi) -> bool:
    """Whether a KPI shows buckets."""
    return isinstance(kpi.aggregate, Histogram)
