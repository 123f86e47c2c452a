"""Expressions of services and sign-ins."""

from dashboards import queries
from dashboards.queries import pick
from dashboards.words import CRITICAL, OK, WARNING, Scale, Word
from schemas.text import Text

TODAY, MONTH = 'window="today"', 'window="month"'

_UP = f"max by (service) ({pick('exchange_service_up')})"
DOWN = f"count({_UP}) - sum({_UP})"


def _percent(value: str) -> str:
    return queries.written(f"({value}) * 100", "service", "value", "%", "0.1")


_ERRORS = f"max by (service) ({pick('exchange_error_ratio')})"
_KNOWN = f"{_UP} * on (service) group_left (value) {_percent(_ERRORS)}"
_UNKNOWN = f"max by (service) (({pick('exchange_service_up_known')} == 0) * NaN)"
_QUIET = f"{_UP} unless on (service) {_ERRORS}"
SERVICES = " or ".join(
    (
        queries.by_title(_KNOWN, "service", "value", letters=34),
        queries.by_title(_QUIET, "service", letters=34),
        queries.by_title(_UNKNOWN, "service", letters=34),
    )
)

_SUCCESS = f"min by (service) ({pick('exchange_sign_in_success_ratio')})"
_LIMIT, _ASSUMED = (
    f'max({name}:general{{limit="sign_in.success"}})' for name in ("ioc:limit_value", "ioc:limit_assumed")
)
_BELOW = f"({_SUCCESS}) < bool on () group_left () {_LIMIT}"
_JUDGED = f"({_BELOW}) * on () group_left () (1 + {_ASSUMED}) or {_SUCCESS} * NaN"
SIGN_INS = queries.by_title(
    f"({_JUDGED}) * on (service) group_left (value) {_percent(_SUCCESS)}", "service", "value", letters=25
)
ENOUGH: Scale = {
    0: Word(Text("BÌNH THƯỜNG", "NORMAL"), OK),
    1: Word(Text("DƯỚI NGƯỠNG", "BELOW LIMIT"), CRITICAL),
    2: Word(Text("DƯỚI (GIẢ ĐỊNH)", "BELOW (ASSUMED)"), WARNING),
}
