"""Dossiers of the public-administration centre and the commune counters, from the one-stop system."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from schemas import (
    Alert,
    All,
    Before,
    Case,
    Check,
    Count,
    Counter,
    Domain,
    Due,
    Elapsed,
    Feed,
    Has,
    Histogram,
    Id,
    Is,
    Kpi,
    Lacks,
    Limit,
    Open,
    Past,
    Payload,
    Plausible,
    Procedure,
    Rolling,
    Seconds,
    Share,
    Target,
    Text,
    Time,
    Working,
)


class DossierStep(Payload):
    """One step in the life of one dossier."""

    dossier_id: Annotated[Id, Text("Mã hồ sơ", "Dossier id")]
    procedure_code: NotRequired[Annotated[Procedure, Text("Mã thủ tục hành chính", "Procedure")]]
    domain: NotRequired[Annotated[Domain, Text("Lĩnh vực", "Field of administration")]]
    service_level: NotRequired[
        Annotated[Literal["full", "partial"], Text("Toàn trình hoặc một phần", "Fully or partly online")]
    ]
    channel: NotRequired[
        Annotated[Literal["online", "counter", "postal"], Text("Hình thức nộp", "How it was submitted")]
    ]
    received_at: NotRequired[Annotated[Time, Text("Thời điểm tiếp nhận", "Received at")]]
    original_due_at: NotRequired[
        Annotated[Time, Text("Hạn trả ban đầu, không đổi", "Original deadline, never changes")]
    ]
    due_at: NotRequired[Annotated[Time, Text("Hạn trả sau gia hạn", "Deadline after extensions")]]
    resolved_at: NotRequired[Annotated[Time, Text("Thời điểm có kết quả", "Resolved at")]]
    fee_vnd: NotRequired[
        Annotated[int, Field(ge=0, le=10**15), Plausible(0, 1_000_000_000), Text("Phí, lệ phí", "Fee")]
    ]
    paid_online: NotRequired[Annotated[bool, Text("Đã thanh toán trực tuyến", "Paid online")]]
    digitised: NotRequired[Annotated[bool, Text("Đã số hóa", "Digitised")]]
    counter_id: NotRequired[Annotated[Counter, Text("Quầy tiếp nhận", "Counter that received it")]]
    queue_s: NotRequired[
        Annotated[
            Seconds,
            Field(ge=0, le=604_800),
            Plausible(0, 28_800),
            Text("Thời gian chờ tại quầy", "Wait at the counter"),
        ]
    ]
    rating: NotRequired[Annotated[int, Field(ge=1, le=5), Text("Mức độ hài lòng, 1-5", "Satisfaction, 1 to 5")]]


def satisfied(step: DossierStep) -> bool:
    """Four or five of five."""
    return step.get("rating", 0) >= 4


def due_before_original(step: DossierStep, before: Mapping[str, Any]) -> bool:
    """The extended deadline lies before the original one."""
    original = step.get("original_due_at", before.get("original_due_at"))
    return original is not None and step.get("due_at", original) < original


MONTH = Rolling(timedelta(days=30), step=timedelta(days=1))
RECEIVED, RESOLVED, RATED = Is("action", "received"), Is("action", "resolved"), Is("action", "rated")
OFFICE = ("agency", "commune", "admin_version")
DAYS = (28_800, 57_600, 86_400, 144_000, 288_000, 432_000)  # 1, 2, 3, 5, 10 and 15 working days of 8 h
QD_766 = "QĐ 766/QĐ-TTg 23/6/2022"

FEED = Feed(
    name="dossier",
    title=Text("Hồ sơ thủ tục hành chính", "Administrative dossiers"),
    payload=DossierStep,
    actions=(
        "received",
        "accepted",
        "supplement_requested",
        "assigned",
        "extended",
        "resolved",
        "returned",
        "rated",
        "apologised",
    ),
    key="dossier_id",
    every=Working(hours=1),
    entity=Case(
        "dossier_id",
        opens=("received",),
        closes=("resolved", "returned"),
        states=("received", "accepted", "supplement_requested", "assigned", "extended"),
        remembers=(*OFFICE, "domain", "channel", "original_due_at", "due_at", "paid_online", "digitised"),
        last={"apologised_at": ("apologised",)},
    ),
    checks=(
        Check(due_before_original, Text("hạn gia hạn trước hạn gốc", "the deadline lies before the original one")),
    ),
    duty="pac",
    kpis=(
        Kpi("open", Text("Hồ sơ đang giải quyết", "Open dossiers"), Count(), over=Open(), by=(*OFFICE, "state")),
        Kpi(
            "overdue",
            Text("Hồ sơ quá hạn", "Overdue dossiers"),
            Count(),
            over=Open(),
            where=Past("due_at"),
            by=OFFICE,
        ),
        Kpi(
            "due_soon",
            Text("Hồ sơ sắp đến hạn (24 giờ làm việc)", "Due within 24 working hours"),
            Count(),
            over=Open(),
            where=Due("due_at", within=Working(hours=24)),
            by=OFFICE,
        ),
        Kpi(
            "overdue_without_apology",
            Text("Quá hạn chưa có thư xin lỗi", "Overdue without apology"),
            Count(),
            over=Open(),
            where=All(Past("due_at", by=Working(hours=40)), Lacks("apologised_at")),
            by=OFFICE,
            alerts=(
                Alert(
                    "DossierOverdueNoApology",
                    "P3",
                    Text("Quá hạn chưa có thư xin lỗi", "Overdue without a letter of apology"),
                    above=Limit("dossier.unapologised"),
                    lasting=timedelta(hours=1),
                    wall="administration",
                ),
            ),
            basis="NĐ 61/2018/NĐ-CP; 5 working days are assumed",
        ),
        Kpi(
            "lateness",
            Text("Tỷ lệ quá hạn", "Share overdue"),
            Share(Past("due_at")),
            over=Open(),
            by=OFFICE,
            alerts=(
                Alert(
                    "DossiersOverdue",
                    "P3",
                    Text("Tỷ lệ hồ sơ quá hạn vượt mức", "Share of overdue dossiers above its limit"),
                    above=Limit("dossier.lateness"),
                    lasting=timedelta(hours=8),
                    wall="administration",
                ),
            ),
        ),
        Kpi(
            "on_time",
            Text("Tỷ lệ đúng hạn gốc", "On time, original deadline"),
            Share(Before("original_due_at")),
            over=MONTH,
            where=RESOLVED,
            by=OFFICE,
            labels={"basis": "original"},
            target=Target("dossier.on_time"),
            basis=QD_766,
        ),
        Kpi(
            "on_time",
            Text("Tỷ lệ đúng hạn gia hạn", "On time, extended deadline"),
            Share(Before("due_at")),
            over=MONTH,
            where=RESOLVED,
            by=OFFICE,
            labels={"basis": "extended"},
            basis=QD_766,
        ),
        Kpi(
            "online_submission",
            Text("Tỷ lệ nộp trực tuyến", "Online submission"),
            Share(Is("channel", "online")),
            over=MONTH,
            where=RECEIVED,
            by=OFFICE,
            target=Target("dossier.online_submission"),
            basis=QD_766,
        ),
        Kpi(
            "online_payment",
            Text("Tỷ lệ thanh toán trực tuyến", "Online payment"),
            Share(Is("paid_online", True)),
            over=MONTH,
            where=RESOLVED,
            by=OFFICE,
            target=Target("dossier.online_payment"),
            basis=QD_766,
        ),
        Kpi(
            "digitised",
            Text("Tỷ lệ số hóa hồ sơ", "Digitisation"),
            Share(Is("digitised", True)),
            over=MONTH,
            where=RESOLVED,
            by=OFFICE,
            target=Target("dossier.digitised"),
            basis=QD_766,
        ),
        Kpi(
            "satisfaction",
            Text("Mức độ hài lòng", "Satisfaction"),
            Share(satisfied),
            over=MONTH,
            where=All(RATED, Has("rating")),
            by=OFFICE,
            target=Target("dossier.satisfaction"),
            basis=QD_766,
        ),
        Kpi(
            "resolution",
            Text("Thời gian giải quyết", "Resolution time"),
            Histogram(Elapsed("opened_at", "time", working=True), bounds=DAYS),
            over=MONTH,
            where=RESOLVED,
            by=("domain",),
        ),
        Kpi(
            "queue_wait",
            Text("Thời gian chờ tại quầy", "Counter wait"),
            Histogram("queue_s", bounds=(60, 300, 600, 900, 1800, 3600, 7200)),
            over=Rolling(timedelta(hours=1)),
            where=Is("action", "accepted"),
            by=("counter_id",),
        ),
    ),
    example={
        "specversion": "1.0",
        "id": "igate-000812-1",
        "source": "//laocai.gov.vn/pac/igate",
        "type": "vn.laocai.dossier.received.v1",
        "subject": "000812",
        "time": "2026-01-05T08:00:00+07:00",
        "agency": "sxd",
        "dataschema": "urn:ioc:dossier:1",
        "data": {
            "dossier_id": "000812",
            "channel": "online",
            "domain": "construction",
            "original_due_at": "2026-01-12T17:00:00+07:00",
            "due_at": "2026-01-12T17:00:00+07:00",
        },
    },
    not_built={"index_points": "the formula of the index of QĐ 766/QĐ-TTg is not given"},
)
