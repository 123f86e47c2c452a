"""The PromQL of dashboards: recorded names, `ALERTS`, info metrics; always of one provenance.

`title_LANGUAGE` and its like are replaced when a dashboard is rendered in a language.
"""

from collections.abc import Iterable

from dashboards.words import SOURCE_STATES, Language, say
from schemas import names
from schemas.text import Text

PROVENANCE = 'provenance="$provenance"'
ORIGINAL, EXTENDED = 'basis="original"', 'basis="extended"'
URGENT, PLACED = 'urgency="urgent"', 'commune!=""'
TITLE, MINUTES, DECIMAL = "title_LANGUAGE", "minutes_LANGUAGE", "decimal_LANGUAGE"
_MINUTES = Text("phút", "min")
_DECIMAL = Text(",", ".")

KEYS = {
    "agency": ("agency",),
    "commune": ("admin_version", "commune"),
    "service": ("service",),
    "source": ("source",),
    "station": ("station",),
}
"""Labels whose values have names in an info metric, and the labels that find them there."""
CODES = tuple(dict.fromkeys(label for key in KEYS.values() for label in key))
"""Labels that nobody reads where their names stand."""

NOTHING = "vector(NaN)"


def in_language(expr: str, language: Language) -> str:
    """An expression or a unit with the names and signs of one language."""
    named = expr.replace(TITLE, f"title_{language}")
    return named.replace(MINUTES, say(_MINUTES, language)).replace(DECIMAL, say(_DECIMAL, language))


def pick(name: str, *matchers: str) -> str:
    """A selector: `ioc:<name>` with matchers and the wall's provenance."""
    return f"{names.recorded(name)}{{{', '.join((*matchers, PROVENANCE))}}}"


def one_of(label: str, values: Iterable[str]) -> str:
    """A matcher of several values."""
    return f'{label}=~"{"|".join(values)}"'


def info(label: str) -> str:
    """The info metric of a label."""
    return names.recorded(names.metric(label, "info"))


def named(expr: str, label: str) -> str:
    """The expression with a label `<label>_title`: the name, or the code of what reference data does not know."""
    by = ", ".join(KEYS[label])
    shown = f"{label}_title"
    known = f'label_replace(topk by ({by}) (1, {info(label)}), "{shown}", "$1", "{TITLE}", "(.+)")'
    unnamed = f"({expr}) unless on ({by}) {info(label)}"
    return (
        f"(({expr}) * on ({by}) group_left ({shown}) {known})"
        f' or label_replace({unnamed}, "{shown}", "$1", "{label}", "(.*)")'
    )


def by_title(expr: str, label: str, *kept: str, letters: int = 40) -> str:
    """Names, at most so long, beside their codes: rows hide the codes, which tell apart what was cut to one name."""
    by = ", ".join((*KEYS[label], f"{label}_title", *kept))
    return clipped(f"max by ({by}) ({named(expr, label)})", f"{label}_title", letters)


def clipped(expr: str, label: str, letters: int) -> str:
    """The expression with a label cut to a length, and a sign that it is: a row that breaks its line cannot be read."""
    return f'label_replace({expr}, "{label}", "$1…", "{label}", "(.{{{letters}}}).{{2,}}")'


def by_office(name: str, *matchers: str, letters: int) -> str:
    """Rows of offices: communes by their own names, agencies by theirs."""
    communes = f"sum by (admin_version, commune) ({pick(name, *matchers, 'agency=' + COMMUNE)})"
    agencies = f"sum by (agency) ({pick(name, *matchers, 'agency!=' + COMMUNE)})"
    whole = " or ".join(
        f'label_replace({by_title(expr, label)}, "office", "$1", "{label}_title", "(.*)")'
        for expr, label in ((communes, "commune"), (agencies, "agency"))
    )
    return clipped(f"max by (office, {', '.join(CODES)}) ({whole})", "office", letters)


COMMUNE = '"commune"'
"""The agency under which all communes' offices stand."""


def written(expr: str, by: str, into: str, suffix: str, step: str) -> str:
    """1 for each series, its value as text in a label, rounded to a step: a row then shows it beside a word."""
    return in_words(f'count_values by ({by}) ("{into}", round({expr}, {step}))', into, suffix)


def in_words(expr: str, label: str, suffix: str) -> str:
    """The expression with a number in a label as people write it: with the language's decimal sign and a unit."""
    signed = f'label_replace({expr}, "{label}", "$1{DECIMAL}$2", "{label}", "(.*[0-9])[.]([0-9]+)")'
    return f'label_replace({signed}, "{label}", "$1{suffix}", "{label}", "(.+)")'


def newest(*feeds: str) -> str:
    """Seconds since the epoch of the newest event, of the feed that is furthest behind; all feeds if none is named."""
    figure = pick("feed_last_event_timestamp_seconds", *((one_of("feed", feeds),) if feeds else ()))
    return f"min(max by (feed) ({figure}))"


def as_of(*feeds: str) -> str:
    """That moment in milliseconds, as Grafana's moments are."""
    return f"{newest(*feeds)} * 1000"


def known_at(kpi: str, entity: str) -> str:
    """Milliseconds of the newest value of a KPI by the entity, among entities that are known."""
    known = pick(f"{kpi}_known")
    return f"max({pick(f'{kpi}_as_of_timestamp_seconds')} and on ({entity}) ({known} == 1)) * 1000"


def living(*feeds: str) -> str:
    """1 if each of the feeds lives, 0 if one does not, nothing if none ever sent."""
    return f"min({pick('feed_living', one_of('feed', feeds))})"


def firing(*matchers: str) -> str:
    """Alerts that call; those about ourselves carry no provenance and belong to every wall."""
    chosen = ", ".join(('alertstate="firing"', *matchers, 'provenance=~"|$provenance"'))
    return f"ALERTS{{{chosen}}}"


def state(*feeds: str) -> str:
    """0 normal, 1 warning (P3), 2 critical (P1, P2), by alerts about numbers; nothing while silent and none calls."""
    mine = ('kind="kpi"', one_of("feed", feeds))
    critical, warning = firing(one_of("severity", ("P1", "P2")), *mine), firing('severity="P3"', *mine)
    return f"max({critical}) * 2 or max({warning}) or ({living(*feeds)} == 1) * 0"


def open_alerts(severity: str) -> str:
    """How many alerts call; not known while our rules are not seen to be judged."""
    return f"count({firing(f'severity={chr(34)}{severity}{chr(34)}')}) or {judged()} * 0"


def since(name: str, feed: str) -> str:
    """A moment in milliseconds; 0 while the feed lives and there is none."""
    return f"min({pick(name)}) * 1000 or ({living(feed)} == 1) * 0"


PLACE_LETTERS = 28
PLACES = ("station", "service", "commune", "agency", "source")
"""Labels of an alert that say where it calls, the closest first."""


def calling(severities: Iterable[str], *matchers: str) -> str:
    """Milliseconds at which each alert began to call, by its name, place and severity."""
    chosen = (one_of("severity", severities), NOT_WATCHDOG, *matchers)
    branches = []
    for position, label in enumerate(PLACES):
        where = [*(f'{other}=""' for other in PLACES[:position]), f'{label}!=""']
        placed = named(_since(*chosen, *where), label)
        branches.append(f'label_replace({placed}, "place", "· $1", "{label}_title", "(.*)")')
    branches.append(_since(*chosen, *(f'{label}=""' for label in PLACES)))
    by = ", ".join(("alertname", "place", "severity", *CODES))
    return clipped(f"max by ({by}) ({' or '.join(branches)}) * 1000", "place", PLACE_LETTERS)


def _since(*matchers: str) -> str:
    return f"ALERTS_FOR_STATE{{{', '.join(matchers)}}} and ignoring (alertstate) {firing(*matchers)}"


NOT_WATCHDOG = 'alertname!="Watchdog"'


WATCHDOG = 'ALERTS{alertname="Watchdog", alertstate="firing"}'


def judged() -> str:
    """1 while Prometheus judges rules: the Watchdog, which always fires."""
    return f"max({WATCHDOG})"


def judged_at() -> str:
    """Milliseconds at which rules were judged last."""
    return f"max(timestamp({WATCHDOG})) * 1000"


def none_of(what: str) -> str:
    """One row that says there is nothing to show, while our rules are seen to be judged."""
    return f'label_replace({judged()} * 0, "none", "{what}", "", "")'


def source_state(record: str, by: str, *matchers: str) -> str:
    """Index of the state that holds, in the order of `words.SOURCE_STATES`; one series a feed or source."""
    figures = (pick(record, *matchers, f'state="{name}"') for name in SOURCE_STATES)
    states = (f"{figure} * {index}" for index, figure in enumerate(figures))
    return f"sum by ({by}) ({' or '.join(states)})"
