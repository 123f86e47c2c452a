"""Wall 5, for the shift and the agencies: field reports and hotline 1022."""

from dashboards import queries
from dashboards.pieces import Band, Number, Rows, Wall
from dashboards.queries import pick
from dashboards.walls.parts import MOMENT, age, median, ranking, targets, top
from dashboards.words import NONE, STATE, WARNING
from schemas.text import Text

TITLE = Text("Phản ánh hiện trường và 1022", "Field feedback and 1022")
FEED = "feedback"

NOW = Band(
    Text(
        "Phản ánh đang xử lý của cả tỉnh, lúc này; trễ theo hạn gốc và hạn gia hạn.",
        "Open reports of the province, now; late by the original and the extended deadline.",
    ),
    (
        Number(Text("Phản ánh", "Feedback"), queries.state(FEED), scale=STATE),
        Number(Text("Đang xử lý", "Open"), f"sum({pick('feedback_open')})"),
        Number(Text("Khẩn", "Urgent"), f"sum({pick('feedback_open', queries.URGENT)})", loud=WARNING),
        Number(Text("Trễ hạn gốc", "Overdue"), f"sum({pick('feedback_overdue', queries.ORIGINAL)})", loud=WARNING),
        Number(Text("Trễ gia hạn", "If extended"), f"sum({pick('feedback_overdue', queries.EXTENDED)})", loud=WARNING),
        Number(Text("Chưa tiếp nhận", "Not accepted"), f"sum({pick('feedback_unaccepted')})", loud=WARNING),
        age(FEED),
    ),
)
MONTH = Band(
    Text(
        "Phản ánh khẩn chờ lâu nhất; trung vị các cơ quan trong 30 ngày.",
        "Longest-waiting urgent report; median of the offices over 30 days.",
    ),
    (
        Number(
            Text("Khẩn chờ từ", "Urgent since"),
            queries.since("feedback_urgent_oldest_unaccepted_timestamp_seconds", FEED),
            MOMENT,
            scale=NONE,
        ),
        median(Text("Đúng hạn gốc", "On time"), "feedback_on_time_ratio", queries.ORIGINAL),
        median(Text("Đúng gia hạn", "If extended"), "feedback_on_time_ratio", queries.EXTENDED),
        median(Text("Có ảnh kết quả", "With evidence"), "feedback_evidence_ratio"),
        median(Text("Mở lại", "Reopened"), "feedback_reopened_ratio"),
        median(Text("Hài lòng", "Satisfied"), "feedback_satisfaction_ratio"),
        age(FEED),
    ),
)
PLACES = Rows(
    Text("Xã, phường có nhiều phản ánh đang xử lý nhất.", "Communes with the most open reports."),
    queries.by_title(
        f"sum by (admin_version, commune) ({pick('feedback_open', queries.PLACED)})", "commune", letters=30
    ),
)
WAITING = Rows(
    Text("Cơ quan có phản ánh quá hạn tiếp nhận.", "Agencies with reports not accepted in time."),
    queries.by_title(f"sum by (agency) ({pick('feedback_unaccepted')})", "agency", letters=30),
)

WALL = Wall(
    number=5,
    name="feedback",
    title=TITLE,
    about=Text("Trực ca và các cơ quan: phản ánh, hạn, kết quả.", "Shift and agencies: reports, deadlines, results."),
    feeds=(FEED,),
    placed=(
        *top(TITLE, FEED),
        ((0, 2, 24, 5), NOW),
        ((0, 7, 24, 5), MONTH),
        *ranking((0, 12, 10, 15), Text("Trung vị so với mục tiêu", "Median against target"), targets(FEED), FEED),
        *ranking((10, 12, 7, 15), Text("Đang xử lý theo xã", "Open by commune"), PLACES, FEED),
        *ranking((17, 12, 7, 15), Text("Chưa tiếp nhận", "Not accepted"), WAITING, FEED),
    ),
)
