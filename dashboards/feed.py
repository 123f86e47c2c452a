"""The dashboard that every feed has, derived from its declaration: its sources, then each KPI over time and now."""

from collections.abc import Iterator
from itertools import takewhile

from dashboards import queries
from dashboards.pieces import Band, Banner, Choice, FeedPage, Line, Listing, Number, Placed, Timeline, Trend
from dashboards.words import OK, SOURCE_STATE
from rules.feed import expected, labels
from schemas import names
from schemas.feed import Feed
from schemas.hints import marks
from schemas.kpi import Kpi
from schemas.text import Text

HEADINGS = {
    "agency": Text("Cơ quan", "Agency"),
    "commune": Text("Xã, phường", "Commune"),
    "service": Text("Dịch vụ", "Service"),
    "source": Text("Hệ thống gửi", "Source"),
    "station": Text("Trạm", "Station"),
    "admin_version": Text("Phiên bản địa giới", "Borders of"),
    "window": Text("Trong", "Over"),
    "basis": Text("Hạn", "Deadline"),
    "state": Text("Trạng thái", "State"),
    "class": Text("Loại", "Class"),
    "reason": Text("Nguyên nhân", "Reason"),
    "fate": Text("Kết quả", "Fate"),
}
MANY = ("agency", "commune", "station", "service", "consumer")
"""Labels with many values: a choice of the dashboard, and no line of their own where sums can be taken."""

UNITS = {
    "ratio": ("percentunit", 1),
    "millimeters": ("suffix:mm", 1),
    "meters": ("suffix:m", 2),
    "meters_per_hour": ("suffix:m/h", 2),
    "celsius": ("celsius", 1),
    "seconds": ("dthms", 0),
    "working_seconds": ("dthms", 0),
    "timestamp_seconds": ("time:HH:mm DD/MM/YYYY", 0),
}
"""How each suffix of a metric's name is shown; anything else is a count."""

COLUMNS, HALF, LOW, TALL = 24, 12, 4, 8


def page(feed: Feed) -> FeedPage:
    """The dashboard of a feed."""
    about = Text(
        f"Luồng {feed.name}: nguồn gửi, rồi từng chỉ số. Sinh từ khai báo của luồng.",
        f"Feed {feed.name}: its sources, then each KPI. Derived from the feed's declaration.",
    )
    placed = [*_head(feed), *_kpis(feed, LOW + 2 * TALL)]
    return FeedPage(feed.name, feed.title, about, tuple(_choices(feed)), tuple(placed))


def _head(feed: Feed) -> Iterator[Placed]:
    mine = f'feed="{feed.name}"'
    yield (0, 0, HALF, 2), Banner(feed.title, Text("Số liệu của ai", "Whose data this is"))
    about = Text(
        "Sự kiện mới nhất, tuổi của nó và trạng thái tốt nhất của các nguồn.",
        "The newest event, its age, and the best state of the sources.",
    )
    yield (
        (HALF, 0, HALF, 4),
        Band(
            about,
            (
                Number(Text("Số liệu đến", "Data as of"), queries.as_of(feed.name), "time:HH:mm DD/MM"),
                Number(Text("Tuổi", "Age"), f"time() - {queries.newest(feed.name)}", "dthms"),
                Number(
                    Text("Trạng thái", "State"), queries.source_state("feed_state", "feed", mine), scale=SOURCE_STATE
                ),
            ),
        ),
    )
    lag = f"max({names.recorded('consumer_lag_events')}{{{mine}}})"
    waiting = Text("Sự kiện trong nhật ký chưa tính.", "Events in the log that are not folded yet.")
    backlog = Number(Text("Sự kiện chờ xử lý", "Consumer lag"), lag, calm=OK, digits=8)
    yield (0, 2, HALF, 2), Band(waiting, (backlog,), flat=True)
    yield from _sources(feed, LOW)


def _sources(feed: Feed, top: int) -> Iterator[Placed]:
    mine = (f'feed="{feed.name}"', 'source=~"$source"')
    states = queries.named(queries.source_state("feed_source_state", "source", *mine), "source")
    yield (
        (0, top, HALF, TALL),
        Timeline(
            Text("Trạng thái từng nguồn theo thời gian.", "State of each source over time."),
            states,
            "{{source_title}}",
            SOURCE_STATE,
            title=Text("Trạng thái nguồn", "State of the sources"),
        ),
    )
    records = f"sum by (fate) ({queries.pick('feed_records', *mine)})"
    yield (
        (HALF, top, HALF, TALL),
        Trend(
            Text(
                "Bản ghi đã đọc, theo kết quả: nhận, trùng, muộn, từ chối.",
                "Records read so far by fate: accepted, duplicate, late, rejected.",
            ),
            (Line(records, "{{fate}}"),),
            title=Text("Bản ghi theo kết quả", "Records by fate"),
        ),
    )
    # what is owed can be said only of stations that are listed
    shown = {word: title for word, title in QUALITY.items() if word != "completeness" or expected(feed)}
    width = COLUMNS // len(shown)
    for position, (word, title) in enumerate(shown.items()):
        figure = queries.by_title(f"max by (source) ({queries.pick(f'feed_{word}_ratio', *mine)})", "source")
        yield (
            (position * width, top + TALL, width, TALL),
            Listing(
                title,
                Text("Trong 24 giờ, từng nguồn.", "Over 24 h, each source."),
                figure,
                {"source_title": HEADINGS["source"]},
                title,
                "percentunit",
                1,
            ),
        )


QUALITY = {
    "validity": Text("Độ đúng 24 giờ", "Validity 24 h"),
    "completeness": Text("Độ đủ 24 giờ", "Completeness 24 h"),
    "quality": Text("Độ sạch 24 giờ", "Quality 24 h"),
}


def _kpis(feed: Feed, top: int) -> Iterator[Placed]:
    variants: dict[str, list[Kpi]] = {}
    for kpi in feed.kpis:
        variants.setdefault(feed.metric(kpi), []).append(kpi)
    for position, (metric, kpis) in enumerate(variants.items()):
        y = top + position * TALL
        title, about = _title(kpis), _about(kpis)
        unit, decimals = UNITS.get(feed.unit(kpis[0]).suffix, ("none", 0))
        if unit.startswith("time:"):
            ages = (_by_name(f"time() - {_series(feed, metric)}", labels(feed, metric)),)
            yield (0, y, HALF, TALL), Trend(about, ages, "dthms", title=Text(f"{title.vi}: tuổi", f"{title.en}: age"))
        else:
            yield (
                (0, y, HALF, TALL),
                Trend(
                    about,
                    _lines(feed, metric, kpis[0]),
                    unit,
                    decimals,
                    title=title,
                    from_zero=feed.unit(kpis[0]).suffix not in {"meters", "celsius", "meters_per_hour"},
                ),
            )
        yield (HALF, y, HALF, TALL), _now(feed, metric, kpis[0], title, about, unit, decimals)


def _title(kpis: list[Kpi]) -> Text:
    """What the variants of a KPI have in common."""
    return Text(*(_common([getattr(kpi.title, language) for kpi in kpis]) for language in ("vi", "en")))


def _common(titles: list[str]) -> str:
    if len(set(titles)) == 1:
        return titles[0]
    words = takewhile(lambda same: len(set(same)) == 1, zip(*(title.split() for title in titles), strict=False))
    return " ".join(word for word, *_ in words).rstrip(",:(") or titles[0]


def _about(kpis: list[Kpi]) -> Text:
    basis = next((f" ({kpi.basis})" for kpi in kpis if kpi.basis), "")
    titles = (", ".join(dict.fromkeys(getattr(kpi.title, language) for kpi in kpis)) for language in ("vi", "en"))
    vi, en = titles
    return Text(f"{vi}{basis}. Trục thời gian, cột số liệu: hiện tại.", f"{en}{basis}. Over time, and as of now.")


def _matchers(feed: Feed, metric: str) -> Iterator[str]:
    for label in labels(feed, metric):
        if label in _chosen(feed):
            yield f'{label}=~"${label}"'


def _series(feed: Feed, metric: str, *more: str) -> str:
    return queries.pick(metric, *_matchers(feed, metric), *more)


def _lines(feed: Feed, metric: str, kpi: Kpi) -> tuple[Line, ...]:
    own = labels(feed, metric)
    few = [label for label in own if label not in MANY and label != "admin_version"]
    by = f"by ({', '.join(few)}) " if few else ""
    legend = " · ".join(f"{{{{{label}}}}}" for label in few)
    if feed.by_entity(kpi):
        shortest = (f'window="{kpi.windows[0].label}"',) if kpi.windows else ()
        return (_by_name(_series(feed, metric, *shortest), own),)
    match kpi.aggregate.shape:
        case "buckets":
            within = ", ".join(dict.fromkeys(("le", "window")))
            buckets = f"sum by ({within}) ({_series(feed, f'{metric}_bucket')})"
            return tuple(Line(f"histogram_quantile({share}, {buckets})", text) for share, text in QUANTILES.items())
        case "ratio":
            return tuple(
                Line(f"{how} {by}({start}{_series(feed, metric)})", Text(f"{text.vi} {legend}", f"{text.en} {legend}"))
                for (how, start), text in SPREAD.items()
            )
        case "sum":
            return (Line(f"sum {by}({_series(feed, metric)})", legend or _title([kpi])),)
    return (_by_name(_series(feed, metric), own),)


def _by_name(expr: str, own: tuple[str, ...]) -> Line:
    """One line a series, called by the names of what its labels name."""
    shown = []
    for label in own:
        expr = queries.named(expr, label) if label in queries.KEYS else expr
        shown.append(f"{label}_title" if label in queries.KEYS else label)
    return Line(expr, " · ".join(f"{{{{{label}}}}}" for label in shown) or "__auto")


QUANTILES = {0.5: Text("trung vị", "median"), 0.9: Text("p90", "p90")}
SPREAD = {
    ("min", ""): Text("thấp nhất", "lowest"),
    ("quantile", "0.5, "): Text("trung vị", "median"),
    ("max", ""): Text("cao nhất", "highest"),
}


def _now(feed: Feed, metric: str, kpi: Kpi, title: Text, about: Text, unit: str, decimals: int) -> Listing:
    """The present values with the names of places and offices, the largest first."""
    own = labels(feed, metric)
    if kpi.aggregate.shape == "buckets":
        buckets = _series(feed, f"{metric}_bucket")
        expr = f"histogram_quantile(0.9, sum by ({', '.join((*own, 'le'))}) ({buckets}))"
        title = Text(f"{title.vi}: p90", f"{title.en}: p90")
    else:
        scale = " * 1000" if unit.startswith("time:") else ""
        expr = f"topk(20, {_series(feed, metric)}){scale}"
    kept = f"max by ({', '.join(own)}) ({expr})" if own else f"max({expr})"
    columns = {}
    for label in own:
        if label in queries.KEYS:
            kept = queries.named(kept, label)
            columns[f"{label}_title"] = HEADINGS[label]
        else:
            columns[label] = HEADINGS.get(label) or _heading(feed, label)
    shown = f"max by ({', '.join(columns)}) ({kept})" if columns else kept
    return Listing(title, about, shown, columns, Text("Giá trị", "Value"), unit, decimals)


def _heading(feed: Feed, label: str) -> Text:
    """The declaration's own words for a field."""
    for name, hint in feed.hints.items():
        if names.label(name) == label:
            return next((mark for mark in marks(hint) if isinstance(mark, Text)), Text(label, label))
    return Text(label, label)


def _chosen(feed: Feed) -> tuple[str, ...]:
    """The labels by which the dashboard narrows what it shows."""
    found = dict.fromkeys(label for kpi in feed.kpis for label in labels(feed, feed.metric(kpi)))
    return tuple(label for label in found if label in queries.KEYS)


def _choices(feed: Feed) -> Iterator[Choice]:
    series = f'{names.recorded("feed_source_state")}{{feed="{feed.name}"}}'
    yield Choice("source", HEADINGS["source"], series, info=False)
    for label in _chosen(feed):
        yield Choice(label, HEADINGS[label], queries.info(label), info=True)
