"""Which stretch of event time a reading covers; all moments are whole milliseconds since the epoch.

Local time is +07:00 all the year (no daylight saving). A pane is the smallest cell of a window; panes are numbered from
local midnight of the epoch, so that days, 19:00 and hours are borders of panes. The window that is open at a moment
ends with the pane that contains it, whole: what happened a little later in that pane counts as well.
"""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from math import gcd

HOME = 25_200_000
"""Milliseconds by which local time is ahead of UTC."""

DAY = 86_400_000
_EPOCH = date(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last `length`, moving on by `step`: the pane that is open now and those before it, `length` in all."""

    length: timedelta
    step: timedelta = timedelta(minutes=1)
    pane: int = field(init=False, repr=False, compare=False)
    """Length of a pane in milliseconds."""
    _length: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pane", self.step // _MILLISECOND)
        object.__setattr__(self, "_length", self.length // _MILLISECOND)
        if self.length % self.step or (DAY % self.pane and self.pane % DAY):
            raise ValueError(f"a step of {self.step} divides neither {self.length} nor the day")

    @property
    def label(self) -> str:
        """The value of the label `window`: 5m, 72h, 30d (hours below a week)."""
        seconds = int(self.length.total_seconds())
        for unit, size, least in (("d", 86400, 7 * 86400), ("h", 3600, 0), ("m", 60, 0)):
            if seconds % size == 0 and seconds >= least:
                return f"{seconds // size}{unit}"
        return f"{seconds}s"

    def first(self, present: int) -> int:
        """The first moment of the window that is open at the present."""
        return ((present + HOME) // self.pane + 1) * self.pane - self._length - HOME


@dataclass(frozen=True, slots=True)
class Day:
    """The local day that began last; Vietnamese bulletins begin the rain day at 19:00 ("từ 19 giờ hôm trước")."""

    starts: time = time(0)

    @property
    def label(self) -> str:
        """The value of the label `window`: today, day19."""
        return "today" if self.starts == time(0) else f"day{self.starts:%H}"

    @property
    def pane(self) -> int:
        """Length of a pane in milliseconds: an hour."""
        return 3_600_000

    def first(self, present: int) -> int:
        """The first moment of the day that contains the present."""
        shift = HOME - self.starts.hour * 3_600_000
        return (present + shift) // DAY * DAY - shift


@dataclass(frozen=True, slots=True)
class Month:
    """The calendar month so far."""

    @property
    def label(self) -> str:
        """The value of the label `window`."""
        return "month"

    @property
    def pane(self) -> int:
        """Length of a pane in milliseconds: a day."""
        return DAY

    def first(self, present: int) -> int:
        """Local midnight of the first day of the month that contains the present."""
        today = _EPOCH + timedelta(days=(present + HOME) // DAY)
        return (today.replace(day=1) - _EPOCH).days * DAY - HOME


@dataclass(frozen=True, slots=True)
class Year:
    """The calendar year so far."""

    @property
    def label(self) -> str:
        """The value of the label `window`."""
        return "year"

    @property
    def pane(self) -> int:
        """Length of a pane in milliseconds: a day."""
        return DAY

    def first(self, present: int) -> int:
        """Local midnight of the first day of the year that contains the present."""
        today = _EPOCH + timedelta(days=(present + HOME) // DAY)
        return (date(today.year, 1, 1) - _EPOCH).days * DAY - HOME


Window = Rolling | Day | Month | Year


def pane_of(windows: tuple[Window, ...]) -> int:
    """The one pane, in milliseconds, from which all these windows can be put together."""
    return gcd(*(window.pane for window in windows))
