"""Field reports of citizens (app, hotline 1022, Zalo) and of communes, and what became of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from schemas import (
    All,
    Before,
    Case,
    Category,
    Check,
    Count,
    Elapsed,
    Feed,
    Has,
    Histogram,
    Id,
    Is,
    Kpi,
    Lacks,
    Min,
    Now,
    Open,
    Past,
    Payload,
    Plausible,
    Rolling,
    ServiceLevel,
    Share,
    Sum,
    Target,
    Text,
    Time,
    Working,
)


class ReportStep(Payload):
    """One step in the life of one report; never who reported it."""

    report_id: Annotated[Id, Text("Mã phản ánh", "Report id")]
    category: NotRequired[Annotated[Category, Text("Loại phản ánh", "Category")]]
    urgency: NotRequired[
        Annotated[
            Literal["urgent", "normal", "complex"],
            Text("Khẩn, bình thường hoặc phức tạp", "Urgent, normal or complex"),
        ]
    ]
    channel: NotRequired[
        Annotated[
            Literal["app", "1022", "zalo", "counter", "commune", "satellite"],
            Text("Kênh tiếp nhận", "How it was sent"),
        ]
    ]
    lat: NotRequired[
        Annotated[
            float,
            Field(ge=-90, le=90),
            Plausible(21.3, 22.9),
            Text("Vĩ độ, làm tròn 50 m", "Latitude, within 50 m"),
        ]
    ]
    lon: NotRequired[
        Annotated[
            float,
            Field(ge=-180, le=180),
            Plausible(103.5, 105.1),
            Text("Kinh độ, làm tròn 50 m", "Longitude, within 50 m"),
        ]
    ]
    received_at: NotRequired[Annotated[Time, Text("Thời điểm tiếp nhận", "Received at")]]
    original_due_at: NotRequired[
        Annotated[Time, Text("Hạn xử lý ban đầu, không đổi", "Original deadline, never changes")]
    ]
    due_at: NotRequired[Annotated[Time, Text("Hạn xử lý sau gia hạn", "Deadline after extensions")]]
    evidence_count: NotRequired[
        Annotated[int, Field(ge=0, le=1000), Plausible(0, 50), Text("Số ảnh kết quả", "Photos of the result")]
    ]
    people_evacuated: NotRequired[
        Annotated[int, Field(ge=0, le=1_000_000), Plausible(0, 20_000), Text("Số người đã sơ tán", "People evacuated")]
    ]
    rating: NotRequired[Annotated[int, Field(ge=1, le=5), Text("Mức độ hài lòng, 1-5", "Satisfaction, 1 to 5")]]
    repeat_of: NotRequired[Annotated[Id, Text("Lặp lại phản ánh", "Repeats this report")]]
    reporter_hash: NotRequired[
        Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$"), Text("Mã băm người gửi", "Keyed hash of the sender")]
    ]


def satisfied(step: ReportStep) -> bool:
    """Four or five of five."""
    return step.get("rating", 0) >= 4


def first_acceptance(row: Any) -> bool:
    """The event is the one by which the report was accepted first."""
    return bool(row["time"] == row.get("accepted_at"))


def with_evidence(row: Any) -> bool:
    """At least one photo of the result."""
    return bool(row.get("evidence_count", 0) > 0)


def due_before_original(step: ReportStep, before: Mapping[str, Any]) -> bool:
    """The extended deadline lies before the original one."""
    original = step.get("original_due_at", before.get("original_due_at"))
    return original is not None and step.get("due_at", original) < original


MONTH = Rolling(timedelta(days=30), step=timedelta(days=1))
RESOLVED, RATED = Is("action", "resolved"), Is("action", "rated")
PLACE, AGENCY = ("commune", "admin_version"), ("agency",)
HOURS = (1800, 3600, 7200, 14_400, 28_800, 57_600, 115_200)

FEED = Feed(
    name="feedback",
    title=Text("Phản ánh hiện trường và 1022", "Field feedback and hotline 1022"),
    payload=ReportStep,
    actions=(
        "received",
        "classified",
        "assigned",
        "accepted",
        "extended",
        "resolved",
        "evidence_attached",
        "rated",
        "reopened",
        "rejected",
    ),
    key="report_id",
    every=Working(hours=2),
    entity=Case(
        "report_id",
        opens=("received",),
        closes=("resolved", "rejected"),
        reopens=("reopened",),
        remembers=(
            *AGENCY,
            *PLACE,
            "category",
            "urgency",
            "original_due_at",
            "due_at",
            "evidence_count",
            "people_evacuated",
        ),
        first={"accepted_at": ("accepted",)},
        last={"resolved_at": ("resolved",)},
        deadlines={"accept_by": ServiceLevel("feedback.accept", by="urgency", hazard="category")},
    ),
    checks=(
        Check(due_before_original, Text("hạn gia hạn trước hạn gốc", "the deadline lies before the original one")),
    ),
    duty="feedback",
    kpis=(
        Kpi("open", Text("Phản ánh đang xử lý", "Open reports"), Count(), over=Open(), by=(*PLACE, "urgency")),
        Kpi(
            "unclassified",
            Text("Phản ánh chưa phân mức khẩn", "Open reports without urgency"),
            Count(),
            over=Open(),
            where=Lacks("urgency"),
            by=PLACE,
        ),
        Kpi(
            "overdue",
            Text("Phản ánh quá hạn gốc", "Overdue reports, original deadline"),
            Count(),
            over=Open(),
            where=Past("original_due_at"),
            by=PLACE,
            labels={"basis": "original"},
        ),
        Kpi(
            "overdue",
            Text("Phản ánh quá hạn gia hạn", "Overdue reports, extended deadline"),
            Count(),
            over=Open(),
            where=Past("due_at"),
            by=PLACE,
            labels={"basis": "extended"},
        ),
        Kpi(
            "unaccepted",
            Text("Quá hạn tiếp nhận", "Not accepted in time"),
            Count(),
            over=Open(),
            where=All(Past("accept_by"), Lacks("accepted_at")),
            by=AGENCY,
            basis="reference/service_levels.csv, feedback.accept",
        ),
        Kpi(
            "urgent_oldest_unaccepted",
            Text("Phản ánh khẩn chưa tiếp nhận từ", "Oldest unaccepted urgent report"),
            Min("opened_at"),
            over=Open(),
            where=All(Is("urgency", "urgent"), Lacks("accepted_at")),
        ),
        Kpi(
            "first_response",
            Text("Thời gian phản hồi đầu tiên", "First response"),
            Histogram(Elapsed("opened_at", "time", working=True), bounds=HOURS),
            over=MONTH,
            where=All(Is("action", "accepted"), first_acceptance),
            by=("category",),
        ),
        Kpi(
            "on_time",
            Text("Tỷ lệ xử lý đúng hạn gốc", "On time, original deadline"),
            Share(Before("original_due_at")),
            over=MONTH,
            where=RESOLVED,
            by=AGENCY,
            labels={"basis": "original"},
            target=Target("feedback.on_time"),
        ),
        Kpi(
            "on_time",
            Text("Tỷ lệ xử lý đúng hạn gia hạn", "On time, extended deadline"),
            Share(Before("due_at")),
            over=MONTH,
            where=RESOLVED,
            by=AGENCY,
            labels={"basis": "extended"},
        ),
        Kpi(
            "evidence",
            Text("Tỷ lệ có ảnh kết quả", "Closed with evidence"),
            Share(with_evidence),
            over=Now(),
            where=Has("resolved_at"),
            by=AGENCY,
            target=Target("feedback.evidence"),
        ),
        Kpi(
            "reopened",
            Text("Tỷ lệ mở lại trong 30 ngày", "Reopened in 30 days"),
            Share(Has("reopened_at")),
            over=Now(),
            where=Has("resolved_at"),
            by=AGENCY,
        ),
        Kpi(
            "satisfaction",
            Text("Mức độ hài lòng", "Satisfaction"),
            Share(satisfied),
            over=MONTH,
            where=All(RATED, Has("rating")),
            by=AGENCY,
            target=Target("feedback.satisfaction"),
        ),
        Kpi(
            "isolated_hamlets",
            Text("Thôn bị cô lập", "Isolated hamlets"),
            Count(),
            over=Open(),
            where=Is("category", "isolated_hamlet"),
            by=PLACE,
        ),
        Kpi(
            "isolated_hamlet_oldest",
            Text("Thôn bị cô lập lâu nhất từ", "Oldest isolated hamlet"),
            Min("opened_at"),
            over=Open(),
            where=Is("category", "isolated_hamlet"),
        ),
        Kpi(
            "people_evacuated",
            Text("Người đã sơ tán", "People evacuated"),
            Sum("people_evacuated"),
            over=Open(),
            where=Is("category", "evacuation"),
            by=PLACE,
        ),
        Kpi(
            "hotspot_oldest_unverified",
            Text("Điểm cháy chưa xác minh từ", "Oldest unverified hotspot"),
            Min("opened_at"),
            over=Open(),
            where=All(Is("category", "fire_hotspot"), Lacks("accepted_at")),
        ),
    ),
    example={
        "specversion": "1.0",
        "id": "1022-2026-004217-1",
        "source": "//laocai.gov.vn/1022/phananh",
        "type": "vn.laocai.feedback.received.v1",
        "subject": "2026-004217",
        "time": "2026-01-05T09:12:00+07:00",
        "agency": "1022",
        "adminunit": "02647",
        "adminversion": "2025",
        "dataschema": "urn:ioc:feedback:1",
        "data": {
            "report_id": "2026-004217",
            "category": "road_damage",
            "urgency": "normal",
            "channel": "app",
            "original_due_at": "2026-01-08T17:00:00+07:00",
            "due_at": "2026-01-08T17:00:00+07:00",
        },
    },
    not_built={
        "repeat_locations": "by distance (100 m, 60 days): a program of its own that reads this feed",
        "cluster_active": "by distance (500 m, 30 min): a program of its own that reads this feed",
    },
)
