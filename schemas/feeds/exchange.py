"""Data exchange: calls of the sharing platform LGSP, transactions of NDXP, sign-ins; one summary a minute."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from schemas import (
    Agency,
    Alert,
    All,
    Check,
    Day,
    Entity,
    Feed,
    Fraction,
    Is,
    Kpi,
    Latest,
    Limit,
    Max,
    Milliseconds,
    Month,
    Now,
    Payload,
    Plausible,
    Ratio,
    Rolling,
    Service,
    Sum,
    Text,
    Time,
)

Number = Annotated[int, Field(ge=0, le=10**12)]
Delay = Annotated[Milliseconds, Field(ge=0, le=10**9), Plausible(0, 120_000)]
Part = Annotated[Fraction, Field(ge=0, le=1)]


class Summary(Payload):
    """What one consumer asked of one service (or one application's sign-ins) in one stretch of time."""

    service_id: Annotated[Service, Text("Dịch vụ hoặc ứng dụng", "Service or application")]
    kind: Annotated[Literal["api", "ndxp", "sign_in"], Text("Loại dịch vụ", "Kind of service")]
    consumer: NotRequired[Annotated[Agency, Text("Cơ quan, hệ thống khai thác", "Consuming agency or system")]]
    window_start: NotRequired[Annotated[Time, Text("Bắt đầu khoảng thời gian", "Beginning of the window")]]
    window_s: NotRequired[
        Annotated[
            int,
            Field(ge=1, le=86_400),
            Text("Độ dài khoảng thời gian, kết thúc ở `time`", "Length of the window, which ends at `time`"),
        ]
    ]
    calls: NotRequired[Annotated[Number, Text("Lượt gọi, lượt đăng nhập", "Calls; of sign-in the attempts")]]
    bytes: NotRequired[Annotated[Number, Text("Dung lượng", "Volume")]]
    errors_timeout: NotRequired[Annotated[Number, Text("Lỗi quá thời gian", "Timed out")]]
    errors_4xx: NotRequired[Annotated[Number, Text("Lỗi phía gọi", "Refused, the caller's fault")]]
    errors_5xx: NotRequired[Annotated[Number, Text("Lỗi phía dịch vụ", "Failed, the service's fault")]]
    errors_schema: NotRequired[Annotated[Number, Text("Lỗi lược đồ", "Answers against the schema")]]
    p50_ms: NotRequired[Annotated[Delay, Text("Độ trễ p50", "Latency p50")]]
    p95_ms: NotRequired[Annotated[Delay, Text("Độ trễ p95", "Latency p95")]]
    last_success_at: NotRequired[Annotated[Time, Text("Thành công gần nhất", "Last success")]]
    success: NotRequired[Annotated[Number, Text("Đăng nhập thành công", "Successful sign-ins")]]
    failures_password: NotRequired[Annotated[Number, Text("Sai mật khẩu", "Wrong password")]]
    failures_otp: NotRequired[Annotated[Number, Text("Sai mã OTP", "Wrong one-time code")]]
    failures_locked: NotRequired[Annotated[Number, Text("Tài khoản bị khóa", "Account locked")]]
    failures_certificate: NotRequired[Annotated[Number, Text("Lỗi chứng thư", "Certificate")]]
    failures_upstream: NotRequired[Annotated[Number, Text("Lỗi hệ thống định danh", "Identity provider failed")]]
    failures_other: NotRequired[Annotated[Number, Text("Nguyên nhân khác", "Other reasons")]]
    mfa_ratio: NotRequired[Annotated[Part, Text("Tỷ trọng đa yếu tố", "Multi-factor share")]]
    vneid_ratio: NotRequired[Annotated[Part, Text("Tỷ trọng VNeID", "VNeID share")]]
    locked_accounts: NotRequired[Annotated[Number, Text("Tài khoản đang khóa", "Locked accounts")]]
    users: NotRequired[Annotated[Number, Text("Người dùng đồng thời", "Concurrent users")]]


ERRORS = ("timeout", "4xx", "5xx", "schema")
FAILURES = ("password", "otp", "locked", "certificate", "upstream", "other")


def failed(row: Any) -> int:
    """All errors of a summary; asked several times an event, so without a loop."""
    get = row.get
    return int(get("errors_timeout", 0) + get("errors_4xx", 0) + get("errors_5xx", 0) + get("errors_schema", 0))


def serving(row: Any) -> bool:
    """The service answered: nobody called, or not every call failed."""
    return bool(row.get("calls", 0) == 0 or failed(row) < row["calls"])


def errors_exceed_calls(row: Summary, before: Mapping[str, Any]) -> bool:
    """More errors than calls."""
    return "calls" in row and failed(row) > row["calls"]


def median_exceeds_p95(row: Summary, before: Mapping[str, Any]) -> bool:
    """A median above the 95th percentile."""
    return "p50_ms" in row and "p95_ms" in row and row["p50_ms"] > row["p95_ms"]


FIVE_MINUTES = Rolling(timedelta(minutes=5), step=timedelta(seconds=10))
SERVICE = ("service_id",)
API, NDXP, SIGN_IN = Is("kind", "api"), Is("kind", "ndxp"), Is("kind", "sign_in")

FEED = Feed(
    name="exchange",
    title=Text("Kết nối, chia sẻ dữ liệu", "Data exchange (LGSP, NDXP, SSO)"),
    payload=Summary,
    actions=("summarised", "published", "deprecated"),
    key="service_id",
    every=timedelta(minutes=1),
    covers="window_s",
    entity=Entity(
        "service_id",
        remembers=("kind", "last_success_at", "mfa_ratio", "vneid_ratio", "users"),
        last={"schema_changed_at": ("published", "deprecated")},
    ),
    checks=(
        Check(errors_exceed_calls, Text("số lỗi lớn hơn số lượt gọi", "more errors than calls")),
        Check(median_exceeds_p95, Text("trung vị lớn hơn p95", "the median exceeds the p95")),
    ),
    duty="it",
    kpis=(
        Kpi(
            "calls",
            Text("Lượt gọi trong 5 phút", "Calls in 5 min"),
            Sum("calls"),
            over=FIVE_MINUTES,
            by=(*SERVICE, "consumer"),
            where=API,
        ),
        *(
            Kpi(
                "errors",
                Text(f"Lượt lỗi trong 5 phút ({kind})", f"Errors in 5 min ({kind})"),
                Sum(f"errors_{kind}"),
                over=FIVE_MINUTES,
                by=SERVICE,
                where=API,
                labels={"class": kind},
            )
            for kind in ERRORS
        ),
        Kpi(
            "latency_p95",
            Text("Độ trễ p95, phút chậm nhất trong 5 phút", "Latency p95, slowest minute of 5"),
            Max("p95_ms"),
            over=FIVE_MINUTES,
            by=SERVICE,
            where=API,
        ),
        Kpi(
            "service_up",
            Text("Dịch vụ hoạt động", "Service up"),
            Max(serving),
            over=FIVE_MINUTES,
            by=SERVICE,
            where=All(Is("action", "summarised"), Is("kind", "api", "ndxp")),
            basis="1 if a summary of the last 5 min shows an answer",
        ),
        Kpi(
            "last_success",
            Text("Thành công gần nhất lúc", "Last success"),
            Max("last_success_at"),
            over=Now(),
            by=SERVICE,
        ),
        Kpi(
            "schema_changed",
            Text("Lược đồ đổi lúc", "Schema changed"),
            Max("schema_changed_at"),
            over=Now(),
            by=SERVICE,
        ),
        Kpi(
            "ndxp_transactions",
            Text("Giao dịch NDXP", "NDXP transactions"),
            Sum("calls"),
            over=(Day(), Month()),
            by=SERVICE,
            where=NDXP,
        ),
        Kpi(
            "sign_in_success",
            Text("Tỷ lệ đăng nhập thành công", "Sign-in success"),
            Ratio("success", "calls"),
            over=FIVE_MINUTES,
            by=SERVICE,
            where=SIGN_IN,
            alerts=(
                Alert(
                    "SsoLoginFailing",
                    "P1",
                    Text("Đăng nhập một lần bị lỗi", "Single sign-on failing"),
                    below=Limit("sign_in.success"),
                    lasting=timedelta(minutes=5),
                    wall="digital",
                ),
            ),
        ),
        Kpi(
            "sign_in_p95",
            Text("Thời gian đăng nhập p95", "Sign-in time p95"),
            Max("p95_ms"),
            over=FIVE_MINUTES,
            by=SERVICE,
            where=SIGN_IN,
        ),
        *(
            Kpi(
                "sign_in_failures",
                Text(f"Đăng nhập lỗi theo nguyên nhân ({reason})", f"Sign-in failures ({reason})"),
                Sum(f"failures_{reason}"),
                over=FIVE_MINUTES,
                by=SERVICE,
                where=SIGN_IN,
                labels={"reason": reason},
            )
            for reason in FAILURES
        ),
        Kpi("sign_in_users", Text("Người dùng đồng thời", "Concurrent users"), Latest("users"), over=Now(), by=SERVICE),
        Kpi(
            "sign_in_mfa",
            Text("Tỷ trọng xác thực đa yếu tố", "Multi-factor share"),
            Latest("mfa_ratio"),
            over=Now(),
            by=SERVICE,
        ),
        Kpi(
            "sign_in_vneid",
            Text("Tỷ trọng đăng nhập VNeID", "VNeID share"),
            Latest("vneid_ratio"),
            over=Now(),
            by=SERVICE,
        ),
    ),
    example={
        "specversion": "1.0",
        "id": "lgsp-dan-cu-sxd-20260105T0200Z",
        "source": "//laocai.gov.vn/skhcn/lgsp",
        "type": "vn.laocai.exchange.summarised.v1",
        "subject": "dan-cu",
        "time": "2026-01-05T09:01:00+07:00",
        "agency": "skhcn",
        "dataschema": "urn:ioc:exchange:1",
        "data": {
            "service_id": "dan-cu",
            "kind": "api",
            "consumer": "sxd",
            "window_start": "2026-01-05T09:00:00+07:00",
            "window_s": 60,
            "calls": 214,
            "errors_timeout": 1,
            "errors_4xx": 3,
            "errors_5xx": 0,
            "errors_schema": 0,
            "p50_ms": 41,
            "p95_ms": 180,
            "last_success_at": "2026-01-05T09:00:59+07:00",
        },
    },
    not_built={
        "error ratio per service": "joins errors and calls: a recording rule, with the alert LgspCriticalServiceErrors",
        "same day last year": "compares two years: PromQL, once a year of history is there",
    },
)
