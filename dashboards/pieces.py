"""What a dashboard is made of, as plain data in both languages; knows neither Grafana's JSON nor its SDK."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboards.words import PLAIN, Language, Scale
from schemas.text import Text

Box = tuple[int, int, int, int]
"""x, y, width, height in cells of the grid, 24 to the width."""

Codes = Mapping[str, Text]
"""What is read instead of a code."""


def uid(name: str, language: Language) -> str:
    """The address of a dashboard: ioc-wall-province, ioc-wall-province-en."""
    return f"ioc-{name.replace('_', '-')}{'' if language == 'vi' else '-en'}"


@dataclass(frozen=True, slots=True)
class Number:
    """One number with its name beside it.

    Attributes:
        expr: PromQL of at most one series; none means not known.
        scale: words shown instead of whole numbers.
        calm: colour up to 0; above it `loud`, if given.
        digits: of the longest count it may show.
    """

    name: Text
    expr: str
    unit: str = "none"
    decimals: int = 0
    scale: Scale | None = None
    calm: str = PLAIN
    loud: str | None = None
    digits: int = 5


@dataclass(frozen=True, slots=True)
class Banner:
    """The name of the wall, and in words whose data it shows."""

    title: Text
    about: Text


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers side by side; on one line, name left and number right, if `flat`."""

    about: Text
    numbers: tuple[Number, ...]
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """One row a series: its labels (in their order) are its name, its value stands right; the largest first.

    Attributes:
        scale: a value may carry a rest below 1, which only orders the rows.
        lowest_first: the smallest value is the worst.
        codes: by label, what is read instead of its values.
        calm: colour of every known row without a scale.
    """

    about: Text
    expr: str
    unit: str = "none"
    decimals: int = 0
    scale: Scale | None = None
    codes: Mapping[str, Codes] = field(default_factory=dict)
    calm: str = PLAIN
    limit: int = 8
    lowest_first: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """States over time, one row a series."""

    about: Text
    expr: str
    legend: str
    scale: Scale
    codes: Codes = field(default_factory=dict)
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Lines of a trend that come from one query."""

    expr: str
    legend: str | Text


@dataclass(frozen=True, slots=True)
class Trend:
    """Lines over time; a wall has at most five, and says beside it what they are."""

    about: Text
    lines: tuple[Line, ...]
    unit: str = "none"
    decimals: int = 0
    title: Text | None = None
    codes: Codes = field(default_factory=dict)
    from_zero: bool = True


@dataclass(frozen=True, slots=True)
class CommuneMap:
    """Communes of 2025: the label `commune` says where, `shown` the text, the value which word and colour."""

    about: Text
    expr: str
    scale: Scale


@dataclass(frozen=True, slots=True)
class Listing:
    """A table of the present values, for a desk, not for a wall.

    Attributes:
        columns: label -> heading, in their order; other labels are hidden.
    """

    title: Text
    about: Text
    expr: str
    columns: Mapping[str, Text]
    value: Text
    unit: str = "none"
    decimals: int = 0
    scale: Scale | None = None


Piece = Banner | Band | Rows | Timeline | Trend | CommuneMap | Listing
Placed = tuple[Box, Piece]


@dataclass(frozen=True, slots=True)
class Wall:
    """A curated dashboard for a screen: no interaction, no scrolling; officials know it by its number."""

    number: int
    name: str
    title: Text
    about: Text
    feeds: tuple[str, ...]
    placed: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable of a feed's dashboard: a label, and where its values come from; `info` gives them names."""

    label: str
    title: Text
    series: str
    info: bool


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The derived dashboard of one feed."""

    name: str
    title: Text
    about: Text
    choices: tuple[Choice, ...]
    placed: tuple[Placed, ...]
