"""Wall 1, for the leaders: is everything all right in the province?"""

from dashboards import queries
from dashboards.pieces import Band, CommuneMap, Number, Wall
from dashboards.queries import pick
from dashboards.walls import hazards, platforms
from dashboards.walls.parts import age, alerts, as_of, heading, top
from dashboards.words import AGAINST_LIMIT, ALARM_LEVEL, CRITICAL, STATE, WARNING
from schemas.text import Text

TITLE = Text("Toàn cảnh tỉnh", "Province overview")
ALL = ("hydromet", "dossier", "feedback", "exchange")

STATES = Band(
    Text(
        "Trạng thái từng lĩnh vực theo cảnh báo đang mở: P1, P2 là nguy cấp, P3 là cảnh báo.",
        "State of each domain by its open alerts: P1 and P2 are critical, P3 warns.",
    ),
    (
        Number(Text("Thiên tai", "Hazards"), queries.state("hydromet"), scale=STATE),
        Number(Text("Hành chính công", "Administration"), queries.state("dossier"), scale=STATE),
        Number(Text("Phản ánh", "Feedback"), queries.state("feedback"), scale=STATE),
        Number(Text("Chính quyền số", "Digital"), queries.state("exchange"), scale=STATE),
        as_of(*ALL),
    ),
)
HAZARDS = Band(
    Text(
        "Thiên tai: cấp báo động cao nhất, mưa lớn nhất, thôn bị cô lập.",
        "Hazards: highest alarm level, heaviest rain, isolated hamlets.",
    ),
    (
        Number(Text("Báo động lũ", "Flood alarm"), f"max({pick('hydromet_alarm_level')})", scale=ALARM_LEVEL),
        Number(
            Text("Mưa 1 giờ", "Rain in 1 h"),
            f"max({pick('hydromet_rain_millimeters', hazards.ONE_HOUR)})",
            "suffix:mm",
            1,
        ),
        Number(Text("Thôn cô lập", "Hamlets cut off"), f"sum({pick('feedback_isolated_hamlets')})", loud=CRITICAL),
        age("hydromet", "feedback"),
    ),
)
ADMINISTRATION = Band(
    Text(
        "Hồ sơ một cửa; tỷ lệ là trung vị các cơ quan, 30 ngày.",
        "Dossiers; the ratio is the median of the offices, 30 days.",
    ),
    (
        Number(Text("Hồ sơ quá hạn", "Overdue dossiers"), f"sum({pick('dossier_overdue')})", loud=WARNING),
        Number(Text("Hồ sơ sắp hạn", "Dossiers due"), f"sum({pick('dossier_due_soon')})"),
        Number(
            Text("Hồ sơ đúng hạn", "On time"),
            f"quantile(0.5, {pick('dossier_on_time_ratio', queries.ORIGINAL)})",
            "percentunit",
            1,
        ),
        age("dossier"),
    ),
)
FEEDBACK = Band(
    Text("Phản ánh hiện trường và 1022, theo hạn gốc.", "Field feedback and hotline 1022, by the original deadline."),
    (
        Number(Text("Phản ánh mở", "Open reports"), f"sum({pick('feedback_open')})"),
        Number(
            Text("Phản ánh trễ", "Reports late"), f"sum({pick('feedback_overdue', queries.ORIGINAL)})", loud=WARNING
        ),
        Number(Text("Chưa tiếp nhận", "Not accepted"), f"sum({pick('feedback_unaccepted')})", loud=WARNING),
        age("feedback"),
    ),
)
DIGITAL = Band(
    Text(
        "Nền tảng chia sẻ dữ liệu và đăng nhập một lần, 5 phút gần nhất.",
        "Data sharing and single sign-on, last 5 min.",
    ),
    (
        Number(Text("Dịch vụ ngừng", "Services down"), platforms.DOWN, loud=CRITICAL),
        Number(Text("Lỗi dịch vụ", "Worst errors"), f"max({pick('exchange_error_ratio')})", "percentunit", 1),
        Number(Text("Đăng nhập được", "Sign-ins"), f"min({pick('exchange_sign_in_success_ratio')})", "percentunit", 1),
        age("exchange"),
    ),
)

WALL = Wall(
    number=1,
    name="province",
    title=TITLE,
    about=Text(
        "Lãnh đạo tỉnh: trạng thái từng lĩnh vực, số liệu chính, bản đồ mưa, cảnh báo P1 và P2.",
        "Leaders: state of each domain, main numbers, rain map, alerts P1 and P2.",
    ),
    feeds=ALL,
    placed=(
        *top(TITLE, *ALL),
        ((0, 2, 24, 4), STATES),
        ((0, 6, 15, 5), HAZARDS),
        ((0, 11, 15, 5), ADMINISTRATION),
        ((0, 16, 15, 5), FEEDBACK),
        ((0, 21, 15, 6), DIGITAL),
        heading((15, 6, 9, 2), hazards.MAP_TITLE, hazards.MAP_ABOUT, at=hazards.RAIN_AT),
        ((15, 8, 9, 11), CommuneMap(hazards.MAP_ABOUT, hazards.RAIN_BY_COMMUNE, AGAINST_LIMIT)),
        *alerts(
            (15, 19, 9, 8),
            Text("Cảnh báo P1, P2", "Alerts P1, P2"),
            ("P1", "P2"),
            calm=CRITICAL,
            limit=4,
            letters=33,
            places=False,
        ),
    ),
)
