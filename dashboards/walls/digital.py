"""Wall 6, for the digital government: data sharing (LGSP, NDXP) and single sign-on."""

from dashboards import queries
from dashboards.pieces import Band, Line, Number, Rows, Trend, Wall
from dashboards.queries import pick
from dashboards.walls import platforms
from dashboards.walls.parts import age, heading, median, ranking, top
from dashboards.words import CRITICAL, STATE, UP
from schemas.text import Text

TITLE = Text("Chính quyền số", "Digital government")
FEED = "exchange"

SHARING = Band(
    Text("Nền tảng chia sẻ dữ liệu, 5 phút gần nhất.", "Data sharing, last 5 min."),
    (
        Number(Text("Chính quyền số", "Digital"), queries.state(FEED), scale=STATE),
        Number(Text("Dịch vụ ngừng", "Services down"), platforms.DOWN, loud=CRITICAL),
        Number(Text("Lượt gọi 5 phút", "Calls in 5 min"), f"sum({pick('exchange_calls')})"),
        Number(Text("Lỗi cao nhất", "Worst errors"), f"max({pick('exchange_error_ratio')})", "percentunit", 1),
        Number(Text("p95 chậm nhất", "Slowest p95"), f"max({pick('exchange_latency_p95_seconds')})", "suffix:s", 2),
        age(FEED),
    ),
)
PEOPLE = Band(
    Text(
        "Đăng nhập một lần trong 5 phút, và giao dịch NDXP hôm nay, tháng này.",
        "Sign-ins of 5 min; NDXP transactions of today and this month.",
    ),
    (
        Number(Text("Đăng nhập được", "Sign-ins"), f"min({pick('exchange_sign_in_success_ratio')})", "percentunit", 1),
        Number(Text("Người dùng", "Users"), f"sum({pick('exchange_sign_in_users')})"),
        median(Text("Qua VNeID", "By VNeID"), "exchange_sign_in_vneid_ratio"),
        Number(
            Text("NDXP hôm nay", "NDXP today"), f"sum({pick('exchange_ndxp_transactions', platforms.TODAY)})", digits=6
        ),
        Number(
            Text("NDXP tháng này", "NDXP this month"),
            f"sum({pick('exchange_ndxp_transactions', platforms.MONTH)})",
            digits=7,
        ),
        age(FEED),
    ),
)
SERVICES = Rows(
    Text(
        "Từng dịch vụ: tỷ lệ lỗi trong 5 phút và có trả lời không.",
        "Each service: share of errors in 5 min, and whether it answers.",
    ),
    platforms.SERVICES,
    scale=UP,
    lowest_first=True,
)
SIGN_INS = Rows(
    Text(
        "Từng ứng dụng: tỷ lệ đăng nhập được so với ngưỡng.",
        "Each application: sign-ins that succeed, against the limit.",
    ),
    platforms.SIGN_INS,
    scale=platforms.ENOUGH,
)
CALLS = Trend(
    Text("Lượt gọi trong 5 phút, cả tỉnh, 6 giờ qua.", "Calls in 5 min, whole province, over 6 h."),
    (Line(f"sum({pick('exchange_calls')})", Text("lượt gọi", "calls")),),
)

WALL = Wall(
    number=6,
    name="digital",
    title=TITLE,
    about=Text(
        "Sở Khoa học và Công nghệ: LGSP, NDXP, đăng nhập một lần.",
        "Department of Science and Technology: LGSP, NDXP, single sign-on.",
    ),
    feeds=(FEED,),
    placed=(
        *top(TITLE, FEED),
        ((0, 2, 24, 5), SHARING),
        ((0, 7, 24, 5), PEOPLE),
        *ranking((0, 12, 10, 15), Text("Dịch vụ, tỷ lệ lỗi", "Services, errors"), SERVICES, FEED),
        *ranking((10, 12, 9, 15), Text("Đăng nhập", "Sign-ins"), SIGN_INS, FEED),
        heading((19, 12, 5, 2), Text("Lượt gọi", "Calls"), CALLS.about, FEED),
        ((19, 14, 5, 13), CALLS),
    ),
)
