"""Pieces that stand on several walls."""

import re

from dashboards import queries
from dashboards.pieces import Band, Banner, Box, Codes, Number, Placed, Rows
from dashboards.words import AGAINST_TARGET, LANGUAGES, NONE, Language, say
from rules import render, texts
from rules.judgement import AlertRule
from schemas.catalogue import find_feed, load_feeds
from schemas.feed import Feed
from schemas.kpi import Kpi
from schemas.text import Text

CLOCK = "time:HH:mm:ss DD/MM"
MINUTES = f"suffix:{queries.MINUTES}"
MOMENT = "time:HH:mm DD/MM"


def top(title: Text, *feeds: str) -> tuple[Placed, Placed]:
    """The strip across the top: what it is and whose data; how old, and a clock that stops when anything dies."""
    about = Text("Tên màn hình và nguồn gốc số liệu.", "Name of the wall and provenance of its data.")
    age = f"time() - {queries.newest(*feeds)}"
    times = Band(
        Text(
            "Tuổi của dữ liệu cũ nhất và đồng hồ của Prometheus.",
            "Age of the oldest data, and the clock of Prometheus.",
        ),
        (
            Number(Text("Dữ liệu cũ nhất", "Oldest data"), age, "dthms"),
            Number(Text("Giờ", "Clock"), "vector(time() * 1000)", CLOCK),
        ),
        flat=True,
    )
    return ((0, 0, 13, 2), Banner(title, about)), ((13, 0, 11, 2), times)


def as_of(*feeds: str) -> Number:
    """When the numbers beside it were last true."""
    return Number(Text("Số liệu đến", "Data as of"), queries.as_of(*feeds), MOMENT)


def age(*feeds: str) -> Number:
    """How old the numbers beside it are: minutes since the newest event of the feed that is furthest behind."""
    return Number(Text("Tuổi số liệu", "Data age"), f"(time() - {queries.newest(*feeds)}) / 60", MINUTES)


def median(name: Text, record: str, *matchers: str) -> Number:
    """The median of the offices: no share of the whole province is recorded, and shares cannot be added."""
    return Number(name, f"quantile(0.5, {queries.pick(record, *matchers)})", "percentunit", 1)


def heading(box: Box, title: Text, about: Text, *feeds: str, at: str = "") -> Placed:
    """The name of what stands below, large enough to read, and as of when."""
    return box, Band(about, (Number(title, at or queries.as_of(*feeds), MOMENT),), flat=True)


def alerts(
    box: Box,
    title: Text,
    severities: tuple[str, ...],
    *matchers: str,
    calm: str,
    limit: int,
    letters: int = 60,
    places: bool = True,
) -> tuple[Placed, Placed]:
    """A heading, and the alerts that call, with their places and the moment each began, the newest first.

    `letters` is how much room there is for the name of an alert.
    """
    x, y, width, height = box
    about = Text(f"{title.vi}: đang mở, với nơi và lúc bắt đầu.", f"{title.en}: firing, with place and beginning.")
    began = queries.calling(severities, *matchers)
    shown = began if places else f"max by (alertname) ({began})"
    expr = f"{shown} or on () {queries.none_of('/'.join(severities))}"
    codes = {"alertname": alert_titles(letters)}
    listed = Rows(about, expr, MOMENT, scale=NONE, codes=codes, calm=calm, limit=limit)
    return heading((x, y, width, 2), title, about, at=queries.judged_at()), ((x, y + 2, width, height - 2), listed)


def ranking(box: Box, title: Text, rows: Rows, *feeds: str, at: str = "") -> tuple[Placed, Placed]:
    """A heading with the moment of its numbers, and rows below it."""
    x, y, width, height = box
    return heading((x, y, width, 2), title, rows.about, *feeds, at=at), ((x, y + 2, width, height - 2), rows)


def targets(feed_name: str) -> Rows:
    """Each KPI of a feed that has a target: the median of the offices, and whether it meets the target."""
    feed = find_feed(feed_name)
    kpis = [kpi for kpi in feed.kpis if kpi.target is not None]
    about = Text(
        "Trung vị các cơ quan so với mục tiêu đang có hiệu lực.", "Median of the offices against the target in force."
    )
    titles = {kpi.name: kpi.title for kpi in kpis}
    return Rows(
        about,
        " or ".join(_target(feed, kpi) for kpi in kpis),
        scale=AGAINST_TARGET,
        codes={"kpi": titles},
        lowest_first=True,
    )


def _target(feed: Feed, kpi: Kpi) -> str:
    assert kpi.target is not None
    fixed = [f'{name}="{value}"' for name, value in kpi.labels.items()]
    metric = feed.metric(kpi)
    value, attained = (f"quantile(0.5, {queries.pick(name, *fixed)})" for name in (metric, f"{metric}:attainment"))
    stated = f'kpi="{kpi.target.name.replace(".", "_")}"'
    assumed = f'count(ioc:kpi_target_ratio{{{stated}, status="assumed"}}) * 0 + 1 or on () vector(0)'
    text = queries.in_words(f'count_values("value", round({value} * 100, 0.1))', "value", "%")
    word = f"(({attained} >= bool 1) * 2 + on () ({assumed})) * on () group_right () {text}"
    return f'label_replace({word}, "kpi", "{kpi.name}", "", "")'


def alert_titles(letters: int) -> Codes:
    """What is read instead of the names of alerts: what their texts begin with, before place and value."""
    return {
        alert["alert"]: Text(*(_title(alert, language, letters) for language in LANGUAGES))
        for alert in render.alerts(load_feeds())
    }


SILENCE = {"vi": "Mất số liệu: ", "en": "No data: "}


def _title(alert: AlertRule, language: Language, letters: int) -> str:
    summary = alert["annotations"][f"summary_{language}"].removeprefix(say(texts.MARK, language))
    title, _, silent = re.split(r": |\{\{", summary)[0].strip().partition(" (")
    whole = (SILENCE[language] if silent else "") + title
    return whole if len(whole) <= letters else f"{whole[: letters - 1].rstrip()}…"


def feed_titles() -> Codes:
    """The names of the feeds."""
    return {feed.name: feed.title for feed in load_feeds()}
