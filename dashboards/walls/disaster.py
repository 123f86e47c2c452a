"""Wall 3, for disaster command: rivers against alarm levels, rain, who is cut off."""

from dashboards import queries
from dashboards.pieces import Band, CommuneMap, Line, Number, Rows, Trend, Wall
from dashboards.queries import pick
from dashboards.walls import hazards
from dashboards.walls.parts import MOMENT, age, heading, ranking, top
from dashboards.words import AGAINST_LIMIT, ALARM_LEVEL, CRITICAL, NONE, STATE
from schemas.text import Text

TITLE = Text("Phòng chống thiên tai", "Disaster command")
FEEDS = ("hydromet", "feedback")

WATER = Band(
    Text(
        "Thiên tai: trạng thái theo cảnh báo, cấp báo động cao nhất, mưa lớn nhất.",
        "Hazards: state by alerts, highest alarm level, heaviest rain.",
    ),
    (
        Number(Text("Thiên tai", "Hazards"), queries.state("hydromet"), scale=STATE),
        Number(Text("Báo động lũ", "Flood alarm"), f"max({pick('hydromet_alarm_level')})", scale=ALARM_LEVEL),
        Number(
            Text("Tới cấp kế tiếp", "To the next level"), f"min({pick('hydromet_next_level_meters')})", "suffix:m", 2
        ),
        Number(
            Text("Mưa 1 giờ", "Rain in 1 h"),
            f"max({pick('hydromet_rain_millimeters', hazards.ONE_HOUR)})",
            "suffix:mm",
            1,
        ),
        Number(
            Text("Mưa 24 giờ", "Rain in 24 h"), f"max({pick('hydromet_rain_millimeters', hazards.DAY)})", "suffix:mm", 1
        ),
        age("hydromet"),
    ),
)
PEOPLE = Band(
    Text(
        "Người dân theo phản ánh: thôn bị cô lập, sơ tán; còi cảnh báo; trạm mưa có số liệu.",
        "People, by reports: hamlets cut off, evacuated; sirens; rain gauges that report.",
    ),
    (
        Number(Text("Thôn cô lập", "Hamlets cut off"), f"sum({pick('feedback_isolated_hamlets')})", loud=CRITICAL),
        Number(
            Text("Cô lập từ", "Cut off since"),
            queries.since("feedback_isolated_hamlet_oldest_timestamp_seconds", "feedback"),
            MOMENT,
            scale=NONE,
        ),
        Number(
            Text("Người sơ tán", "Evacuated"),
            f"sum({pick('feedback_people_evacuated')}) or ({queries.living('feedback')} == 1) * 0",
        ),
        Number(
            Text("Điểm cháy từ", "Hotspot since"),
            queries.since("feedback_hotspot_oldest_unverified_timestamp_seconds", "feedback"),
            MOMENT,
            scale=NONE,
        ),
        Number(
            Text("Trạm có số liệu", "Gauges reporting"),
            f"min({pick('hydromet_rain_reporting_ratio')})",
            "percentunit",
            1,
        ),
        age("feedback"),
    ),
)
RIVERS = Rows(
    Text("Từng trạm: mực nước và cấp báo động đã đạt.", "Each station: level, and the alarm level reached."),
    hazards.RIVER_ROWS,
    scale=ALARM_LEVEL,
    limit=7,
)
RAIN = Rows(
    Text(
        "Mưa 1 giờ từng trạm so với ngưỡng đang có hiệu lực.", "Rain of 1 h at each gauge against the limit in force."
    ),
    hazards.RAIN_ROWS,
    scale=AGAINST_LIMIT,
    limit=7,
)
RISE = Trend(
    Text(
        "Trạm cao nhất so với báo động 1 trong 6 giờ; 0 là ngang báo động 1.",
        "The highest station against alarm level 1 over 6 h; 0 is alarm level 1.",
    ),
    (Line(hazards.TO_ALARM_1, Text("so với BĐ1", "against level 1")),),
    "suffix:m",
    2,
    from_zero=False,
)
HIGHEST = Band(
    RISE.about,
    (
        Number(Text("Cao nhất so với BĐ1", "Highest to level 1"), hazards.TO_ALARM_1, "suffix:m", 2),
        Number(Text("Tính đến", "As of"), hazards.LEVEL_AT, MOMENT),
    ),
)

WALL = Wall(
    number=3,
    name="disaster",
    title=TITLE,
    about=Text(
        "Chỉ huy phòng chống thiên tai: sông, mưa, người dân bị cô lập.",
        "Disaster command: rivers, rain, people cut off.",
    ),
    feeds=FEEDS,
    placed=(
        *top(TITLE, *FEEDS),
        ((0, 2, 24, 4), WATER),
        ((0, 6, 24, 4), PEOPLE),
        *ranking((0, 10, 9, 12), Text("Mực nước và báo động", "Rivers and alarm levels"), RIVERS, at=hazards.LEVEL_AT),
        *ranking((9, 10, 9, 12), Text("Mưa 1 giờ theo trạm", "Rain in 1 h by gauge"), RAIN, at=hazards.RAIN_AT),
        heading((18, 10, 6, 2), Text("Mưa theo xã, mm", "By commune"), hazards.MAP_ABOUT, at=hazards.RAIN_AT),
        ((18, 12, 6, 15), CommuneMap(hazards.MAP_ABOUT, hazards.RAIN_BY_COMMUNE, AGAINST_LIMIT)),
        ((0, 22, 8, 5), HIGHEST),
        ((8, 22, 10, 5), RISE),
    ),
)
