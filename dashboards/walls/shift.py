"""Wall 2, for the shift desk: what calls, and which sources are silent."""

from dashboards import queries
from dashboards.pieces import Band, Number, Rows, Timeline, Wall
from dashboards.walls.parts import age, alerts, feed_titles, heading, ranking, top
from dashboards.words import CRITICAL, OK, SOURCE_STATE, UP, WARNING, Scale, Word
from schemas.text import Text

TITLE = Text("Ca trực", "Shift desk")
FEEDS = tuple(feed_titles())

STATE = queries.source_state("feed_source_state", "source")
ALL_LIVE: Scale = {-1: Word(Text("TRỰC TIẾP", "LIVE"), OK), **SOURCE_STATE}
SILENT = Rows(
    Text("Nguồn không trực tiếp, với trạng thái.", "Sources that are not live, with their state."),
    f"({queries.by_title(STATE, 'source', letters=29)} > 0)"
    f' or on () label_replace(max({STATE}) * 0 - 1, "none", "all", "", "")',
    scale=ALL_LIVE,
    codes={"none": {"all": Text("Mọi nguồn", "All sources")}},
    limit=7,
)
OPEN = Band(
    Text(
        "Cảnh báo đang mở theo mức, và các quy tắc có đang được xét không.",
        "Open alerts by severity, and whether rules are judged.",
    ),
    (
        Number(Text("P1 khẩn cấp", "P1 emergency"), queries.open_alerts("P1"), calm=OK, loud=CRITICAL),
        Number(Text("P2 nghiêm trọng", "P2 critical"), queries.open_alerts("P2"), calm=OK, loud=CRITICAL),
        Number(Text("P3 cảnh báo", "P3 warning"), queries.open_alerts("P3"), calm=OK, loud=WARNING),
        Number(Text("P4 thông tin", "P4 information"), queries.open_alerts("P4")),
        Number(Text("Xét cảnh báo", "Alerting"), queries.judged(), scale=UP),
        age(),
    ),
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
    number=2,
    name="shift",
    title=TITLE,
    about=Text("Trực ca: cảnh báo đang mở, nguồn ngừng gửi.", "Shift: open alerts, silent sources."),
    feeds=FEEDS,
    placed=(
        *top(TITLE),
        ((0, 2, 24, 4), OPEN),
        *alerts(
            (0, 6, 15, 12), Text("Cảnh báo P1, P2", "Alerts P1, P2"), ("P1", "P2"), calm=CRITICAL, limit=7, letters=38
        ),
        *alerts(
            (0, 18, 15, 9), Text("Cảnh báo P3, P4", "Alerts P3, P4"), ("P3", "P4"), calm=WARNING, limit=5, letters=38
        ),
        *ranking((15, 6, 9, 12), Text("Nguồn không trực tiếp", "Sources not live"), SILENT),
        heading((15, 18, 9, 2), Text("Trạng thái luồng, 6 giờ", "State of feeds, 6 h"), STATES.about),
        ((15, 20, 9, 7), STATES),
    ),
)
