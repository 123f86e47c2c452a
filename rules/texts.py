"""What an alert says, as Prometheus templates: place, value with unit, limit with its basis, event time in +07:00.

Prometheus' templates know no arithmetic and print UTC, so seven hours are added in the query. Titles, limits and their
basis are asked for when the alert fires: they are reference data and may change. Vietnamese decimals have a comma.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from schemas.text import Text

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")


def _marked(replay: str, simulated: str) -> str:
    first = f'{{{{ if eq $labels.provenance "replay" }}}}{replay}'
    return f'{first}{{{{ else if eq $labels.provenance "simulated" }}}}{simulated}{{{{ end }}}}'


MARK: Final = Text(
    _marked("PHÁT LẠI: ", "MÔ PHỎNG: "),
    _marked("REPLAY: ", "SIMULATED: "),
)
"""Stands first in every text about data."""

LOCAL_SECONDS: Final = 7 * 3600
CLOCK: Final = 'humanizeTimestamp | reReplaceAll `^(\\d+)-(\\d+)-(\\d+) (\\d+:\\d+).*$` "$4 $3/$2/$1"'

TITLED: Final = {"station": (), "agency": (), "service": (), "source": (), "commune": ("admin_version",)}
"""Labels whose title stands in an info metric, and what else names it."""

SILENT_LABELS: Final = {"window", "admin_version", "provenance", "basis", "level"}
"""Labels that are no place: said otherwise, or not at all."""

NOWHERE: Final = Text("toàn tỉnh", "the whole province")
NO_COMMUNE: Final = Text("chưa rõ xã, phường", "commune not given")

UNITS: Final[Mapping[str, tuple[str, Text | None]]] = {
    "meters": ('printf "%.2f"', Text(" m", " m")),
    "millimeters": ('printf "%.1f"', Text(" mm", " mm")),
    "meters_per_hour": ('printf "%.2f"', Text(" m/giờ", " m/h")),
    "celsius": ('printf "%.1f"', Text(" °C", " °C")),
    "ratio": ("humanizePercentage", None),
    "seconds": ("humanizeDuration", None),
    "working_seconds": ("humanizeDuration", None),
}
"""Suffix of a metric -> how its values are printed, and the unit after them; anything else is a plain number."""

SPANS: Final = (("d", " ngày"), ("h", " giờ"), ("m", " phút"), ("s", " giây"))


def local(of: Text, language: Language) -> str:
    """A text in one language."""
    return of.vi if language == "vi" else of.en


def number(unit: str, language: Language, of: str = "$value") -> str:
    """The part of a template that prints a value of a unit."""
    form, after = UNITS.get(unit, ("humanize", None))
    pipe = f"{of} | {form}"
    if language == "vi" and form == "humanizeDuration":
        pipe += "".join(f' | reReplaceAll "{sign}" "{word}"' for sign, word in SPANS)
    elif language == "vi":
        pipe += ' | reReplaceAll "[.]" ","'
    return f"{{{{ {pipe} }}}}{local(after, language) if after else ''}"


def asked(query: str, labels: Iterable[str], then: str, otherwise: str = "") -> str:
    """Text that depends on a query; `%q` in it stands for the alert's labels, in order."""
    values = "".join(f" $labels.{label}" for label in labels)
    instead = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with printf `{query}`{values} | query }}}}{then}{instead}{{{{ end }}}}"


def selector(labels: Iterable[str], **fixed: str) -> str:
    """The matchers of a query for `asked`."""
    return ", ".join([*(f'{name}="{value}"' for name, value in fixed.items()), *(f"{label}=%q" for label in labels)])


def title(label: str, language: Language) -> str:
    """The title of what a label names; the bare value if the lists do not have it."""
    of = (label, *TITLED[label])
    return asked(
        f"ioc:{label}_info{{{selector(of)}}}",
        of,
        f'{{{{ . | first | label "title_{language}" }}}}',
        f"{{{{ $labels.{label} }}}}",
    )


def place(labels: Iterable[str], language: Language) -> str:
    """Where it is: every label of the alert that names something, by its title."""
    named = [label for label in labels if label not in SILENT_LABELS]
    if not named:
        return local(NOWHERE, language)
    return "".join(_named(label, language, first=label == named[0]) for label in named)


def _named(label: str, language: Language, *, first: bool) -> str:
    before = "" if first else ", "
    if label == "commune":
        missing = f"{{{{ else }}}}{local(NO_COMMUNE, language)}" if first else ""
        return f"{{{{ if $labels.commune }}}}{before}{title(label, language)}{missing}{{{{ end }}}}"
    return before + (title(label, language) if label in TITLED else f"{label} {{{{ $labels.{label} }}}}")


def moment(query: str, labels: Iterable[str], language: Language) -> str:
    """The time of day and date in +07:00 of a series that holds seconds since the epoch; also when it fell silent."""
    unknown = {"vi": "thời điểm chưa rõ", "en": "time unknown"}[language]
    at = {"vi": "lúc ", "en": "at "}[language]
    known = f"{at}{{{{ . | first | value | {CLOCK} }}}} (+07:00)"
    return asked(f"last_over_time({query}[1d]) + {LOCAL_SECONDS}", labels, known, unknown)


def now(language: Language) -> str:
    """The time of day and date in +07:00 at which the text is made: for alerts about ourselves."""
    at = {"vi": "lúc ", "en": "at "}[language]
    clock = f"{{{{ with query `vector(time() + {LOCAL_SECONDS})` }}}}{{{{ . | first | value | {CLOCK} }}}}{{{{ end }}}}"
    return f"{at}{clock} (+07:00)"


def compared(limit: str, vi: str, en: str, unit: str = "") -> Text:
    """The value, what it counts, and the limit for all with its basis."""
    return Text(
        f"{number(unit, 'vi')} {vi}, ngưỡng {general_limit(limit, unit, 'vi')}",
        f"{number(unit, 'en')} {en}, limit {general_limit(limit, unit, 'en')}",
    )


def general_limit(name: str, unit: str, language: Language) -> str:
    """A limit for all in force, a word if it is only assumed, and its basis."""
    row = f'limit="{name}"'
    value = asked(f"ioc:limit_value:general{{{row}}}", (), number(unit, language, of=". | first | value"), "?")
    assumed = {"vi": " giả định", "en": " (assumed)"}[language]
    said = asked(f"ioc:limit_assumed:general{{{row}}} == 1", (), assumed)
    basis = asked(f"ioc:limit_info{{{row}}}", (), '{{ . | first | label "basis" }}', "-")
    return f"{value}{said} ({basis})"


Said = Mapping[Language, tuple[str, str]]
"""Summary and description of an alert in each language."""


def said(title: Text, where: Text, finding: Text, meaning: Text, *, marked: bool = False) -> Said:
    """Summary and description of an alert in each language, the mark of replayed and simulated data first."""
    found: dict[Language, tuple[str, str]] = {}
    for language in LANGUAGES:
        mark = local(MARK, language) if marked else ""
        summary = f"{mark}{local(title, language)}: {local(where, language)}: {local(finding, language)}"
        found[language] = summary, f"{mark}{local(meaning, language)}"
    return found
