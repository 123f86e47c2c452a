"""The Vietnamese lines: each stands alone, on a phone as well. Knows no file and no clock."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from schemas import names
from streams.notify.memory import Told
from streams.notify.payload import Channel

LOCAL = timezone(timedelta(hours=7))
SEVERITIES = {"P1": "KHẨN CẤP", "P2": "NGHIÊM TRỌNG", "P3": "CẢNH BÁO", "P4": "THÔNG TIN"}
PROVENANCES = {"replay": "PHÁT LẠI", "simulated": "MÔ PHỎNG"}
NOT_REAL = "KHÔNG PHẢI SỐ THẬT"
AT_MOST = 20
"""Alerts named in one line; of more only the number is given."""

BEGINS = "PHÁT SINH"
STILL = "VẪN TIẾP DIỄN, chưa hết như đã báo"
OVER = "ĐÃ HẾT"
KEPT = "CHƯA XÁC NHẬN HẾT, giữ lại vì mất giám sát cảnh báo"
RELEASED = "ĐÃ HẾT, xác nhận sau khi có lại giám sát cảnh báo"


class Line(NamedTuple):
    """One line and the channel it is for."""

    channel: Channel
    text: str


def line(channel: Channel, state: str, alerts: Sequence[Told], now: float, *, more: int = 0) -> Line:
    """One line about alerts of one channel, in falling severity; `more` were not sent along."""
    ordered = sorted(alerts, key=lambda one: (one.severity or "P9", one.name, one.text))
    head = [*_origin(channel, ordered), moment(now), channel.value, _severity(ordered[0].severity), state]
    texts = [one.text for one in ordered[:AT_MOST]]
    if left := len(ordered) - len(texts) + more:
        texts.append(f"và {left} cảnh báo khác")
    pages = dict.fromkeys(one.runbook for one in ordered if one.runbook)
    tail = [f"Hướng dẫn: {' '.join(pages)}"] if pages else []
    return Line(channel, clean(" | ".join([*head, " ‖ ".join(texts), *tail])))


def lost(since: float, now: float) -> Line:
    """The Watchdog is lost: Prometheus or Alertmanager no longer judges."""
    return _watchdog("MẤT GIÁM SÁT CẢNH BÁO",
                     f"Không nhận được nhịp Watchdog từ {moment(since)}: Prometheus hoặc Alertmanager không còn "
                     "làm việc, cảnh báo mới có thể không đến, lời báo hết được giữ lại", now)


def regained(since: float, now: float) -> Line:
    """The Watchdog beats again."""
    return _watchdog("CÓ LẠI GIÁM SÁT CẢNH BÁO", f"Nhịp Watchdog trở lại, đã mất từ {moment(since)}", now)


def moment(seconds: float) -> str:
    """A moment as an operator reads it, in the time of Việt Nam."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(LOCAL).strftime("%d/%m/%Y %H:%M:%S +07:00")


def clean(text: str) -> str:
    """The text on one line: no control and no invisible character may hide or forge a line of a terminal."""
    spaced = " ".join(text.split())
    return "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))


def _watchdog(state: str, text: str, now: float) -> Line:
    channel = Channel.ONCALL
    head = f"{moment(now)} | {channel} | {_severity('P1')} | {state}"
    return Line(channel, f"{head} | {text} | Hướng dẫn: {names.runbook('Watchdog')}")


def _severity(severity: str) -> str:
    return f"{severity} {SEVERITIES[severity]}" if severity in SEVERITIES else severity or "không rõ mức"


def _origin(channel: Channel, alerts: Sequence[Told]) -> list[str]:
    if channel is not Channel.REHEARSAL:
        return []
    words = dict.fromkeys(PROVENANCES.get(one.provenance, NOT_REAL) for one in alerts)
    return [", ".join(words)]
