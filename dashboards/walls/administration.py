"""Wall 4, for the public-administration centre and the agencies: dossiers against their deadlines and targets."""

from dashboards import queries
from dashboards.pieces import Band, Line, Number, Rows, Trend, Wall
from dashboards.queries import pick
from dashboards.walls.parts import age, heading, median, ranking, targets, top
from dashboards.words import STATE, WARNING
from schemas.text import Text

TITLE = Text("Hành chính công", "Public administration")
FEED = "dossier"

NOW = Band(
    Text("Hồ sơ đang giải quyết của cả tỉnh, lúc này.", "Open dossiers of the whole province, now."),
    (
        Number(Text("Hành chính công", "Administration"), queries.state(FEED), scale=STATE),
        Number(Text("Đang giải quyết", "Open"), f"sum({pick('dossier_open')})"),
        Number(Text("Quá hạn", "Overdue"), f"sum({pick('dossier_overdue')})", loud=WARNING),
        Number(Text("Sắp hạn 24 giờ", "Due in 24 h"), f"sum({pick('dossier_due_soon')})"),
        Number(Text("Chưa xin lỗi", "No apology"), f"sum({pick('dossier_overdue_without_apology')})", loud=WARNING),
        age(FEED),
    ),
)
MONTH = Band(
    Text(
        "Trung vị các cơ quan trong 30 ngày; đúng hạn theo hạn gốc và hạn gia hạn.",
        "Median of the offices over 30 days; on time by the original and the extended deadline.",
    ),
    (
        median(Text("Đúng hạn gốc", "On time"), "dossier_on_time_ratio", queries.ORIGINAL),
        median(Text("Đúng hạn gia hạn", "If extended"), "dossier_on_time_ratio", queries.EXTENDED),
        median(Text("Nộp trực tuyến", "Online"), "dossier_online_submission_ratio"),
        median(Text("Trả trực tuyến", "Paid online"), "dossier_online_payment_ratio"),
        median(Text("Số hóa", "Digitised"), "dossier_digitised_ratio"),
        median(Text("Hài lòng", "Satisfied"), "dossier_satisfaction_ratio"),
        age(FEED),
    ),
)
OVERDUE = Rows(
    Text("Cơ quan và xã, phường có nhiều hồ sơ quá hạn nhất.", "Offices with the most overdue dossiers."),
    queries.by_office("dossier_overdue", letters=30),
)
TREND = Trend(
    Text("Hồ sơ quá hạn của cả tỉnh trong 6 giờ.", "Overdue dossiers of the province over 6 h."),
    (Line(f"sum({pick('dossier_overdue')})", Text("quá hạn", "overdue")),),
)

WALL = Wall(
    number=4,
    name="administration",
    title=TITLE,
    about=Text(
        "Trung tâm hành chính công và các cơ quan: hồ sơ, hạn, mục tiêu.",
        "Public administration: dossiers, deadlines, targets.",
    ),
    feeds=(FEED,),
    placed=(
        *top(TITLE, FEED),
        ((0, 2, 24, 5), NOW),
        ((0, 7, 24, 5), MONTH),
        *ranking((0, 12, 10, 15), Text("Trung vị so với mục tiêu", "Median against target"), targets(FEED), FEED),
        *ranking((10, 12, 7, 15), Text("Quá hạn theo nơi", "Overdue by office"), OVERDUE, FEED),
        heading((17, 12, 7, 2), Text("Quá hạn, 6 giờ", "Overdue, 6 h"), TREND.about, FEED),
        ((17, 14, 7, 13), TREND),
    ),
)
