"""Wall 15, for the people on call and the agencies: is the data right, complete, clean and alive?"""

from dashboards import queries
from dashboards.pieces import Band, Number, Rows, Timeline, Wall
from dashboards.queries import pick
from dashboards.walls.parts import age, alerts, feed_titles, heading, ranking, top
from dashboards.words import OK, SOURCE_STATE, UP, WARNING
from schemas.text import Text

TITLE = Text("Sức khỏe dữ liệu", "Data health")
FEEDS = tuple(feed_titles())


def _sources_in(*states: str) -> str:
    """How many sources are in one of these states."""
    return f"sum({pick('feed_source_state', queries.one_of('state', states))})"


def _worst(word: str) -> str:
    return f"min({pick(f'feed_{word}_ratio')})"


SOURCES = Band(
    Text("Nguồn theo trạng thái; tỷ lệ thấp nhất trong 24 giờ.", "Sources by state; the lowest share over 24 h."),
    (
        Number(Text("Trực tiếp", "Live"), _sources_in("live"), calm=OK, loud=OK),
        Number(Text("Chậm", "Delayed"), _sources_in("delayed", "clock_fault"), loud=WARNING),
        Number(Text("Ngừng", "Stale"), _sources_in("stale", "off"), loud=WARNING),
        Number(Text("Đúng thấp nhất", "Least valid"), _worst("validity"), "percentunit", 1),
        Number(Text("Đủ thấp nhất", "Least complete"), _worst("completeness"), "percentunit", 1),
        Number(Text("Sạch thấp nhất", "Least clean"), _worst("quality"), "percentunit", 1),
        age(),
    ),
)
HOUSE = Band(
    Text(
        "Bản ghi đã đọc theo kết quả, hàng chờ, và các quy tắc có đang được xét không.",
        "Records read so far by fate, backlog, and whether rules are judged.",
    ),
    (
        *(
            Number(title, f"sum({pick('feed_records', f'fate={chr(34)}{fate}{chr(34)}')})", digits=7)
            for fate, title in (
                ("accepted", Text("Đã nhận", "Accepted")),
                ("duplicate", Text("Trùng", "Duplicate")),
                ("late", Text("Muộn", "Late")),
                ("rejected", Text("Bị từ chối", "Rejected")),
            )
        ),
        Number(Text("Chờ xử lý", "Backlog"), "sum(ioc:consumer_lag_events)"),
        Number(Text("Xét cảnh báo", "Alerting"), queries.judged(), scale=UP),
        age(),
    ),
)
_STATE = queries.source_state("feed_source_state", "source")
_AGE = f"(time() - max by (source) ({pick('feed_last_event_timestamp_seconds')})) / 60"
_OLD = queries.written(_AGE, "source", "value", f" {queries.MINUTES}", "1")
EVERY = Rows(
    Text(
        "Từng nguồn: tuổi của sự kiện mới nhất và trạng thái.", "Each source: age of its newest event, and its state."
    ),
    queries.by_title(f"{_STATE} * on (source) group_left (value) {_OLD}", "source", "value", letters=34),
    scale=SOURCE_STATE,
)
STATES = Timeline(
    Text(
        "Trạng thái từng luồng trong 6 giờ: xanh trực tiếp, cam chậm, xám ngừng.",
        "State of each feed over 6 h: blue live, orange delayed, grey stale.",
    ),
    queries.source_state("feed_state", "feed"),
    "{{feed}}",
    SOURCE_STATE,
    feed_titles(),
)

WALL = Wall(
    number=15,
    name="data",
    title=TITLE,
    about=Text(
        "Trực kỹ thuật và các cơ quan: đúng, đủ, sạch, sống.", "On call and agencies: valid, complete, clean, alive."
    ),
    feeds=FEEDS,
    placed=(
        *top(TITLE),
        ((0, 2, 24, 5), SOURCES),
        ((0, 7, 24, 5), HOUSE),
        *ranking((0, 12, 12, 15), Text("Nguồn: tuổi và trạng thái", "Sources: age and state"), EVERY),
        *alerts(
            (12, 12, 12, 8),
            Text("Cảnh báo về hệ thống", "Alerts about the system"),
            ("P1", "P2", "P3"),
            'duty="it"',
            calm=WARNING,
            limit=4,
            letters=25,
        ),
        heading((12, 20, 12, 2), Text("Trạng thái luồng, 6 giờ", "State of feeds, 6 h"), STATES.about),
        ((12, 22, 12, 5), STATES),
    ),
)
