"""Which fields of memory a KPI over windows depends on: of all others an event need not be laid over memory."""

from datetime import timedelta
from typing import Any

import pytest

from schemas import Count, Elapsed, Is, Kpi, Mean, Rolling, Share, Sum, Text
from schemas.conditions import All, Has
from streams.engine.lent import lent

COUNT = Count()
NAMES = ("channel", "domain", "opened_at", "fee_vnd")
HOUR = Rolling(timedelta(hours=1), step=timedelta(minutes=1))


def asks(row: Any) -> bool:
    """A function of a feed: nobody knows what it looks at."""
    return "domain" in row


def kpi(aggregate: Any = COUNT, by: tuple[str, ...] = (), where: Any = None) -> Kpi:
    """A KPI over an hour."""
    return Kpi("some", Text("Một số", "Some"), aggregate, over=HOUR, by=by, where=where)


@pytest.mark.parametrize(
    ("kpis", "expected"),
    [
        ([], set()),
        ([kpi(Sum("fee_vnd"))], set()),
        ([kpi(by=("domain", "action"))], {"domain"}),
        ([kpi(where=All(Has("channel"), Is("action", "received")))], {"channel"}),
        ([kpi(Share(Is("channel", "web")))], {"channel"}),
        ([kpi(Mean(Elapsed("opened_at", "time")))], {"opened_at"}),
        ([kpi(by=("domain",)), kpi(where=Has("channel"))], {"channel", "domain"}),
        ([kpi(by=("channel",)), kpi(where=asks)], None),
        ([kpi(Share(asks))], None),
    ],
)
def test_what_kpis_ask_of_memory(kpis: list[Kpi], expected: set[str] | None) -> None:
    found = lent(kpis, NAMES)
    assert (None if found is None else set(found)) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (kpi(by=("channel", "domain")), ("channel", "domain")),
        (kpi(by=("channel",), where=Is("domain", "land")), None),
        (kpi(Share(Has("domain"))), None),
    ],
)
def test_a_condition_sees_what_is_filled_where_nobody_says_it(one: Kpi, expected: tuple[str, ...] | None) -> None:
    assert lent([one], NAMES, filled=("domain",)) == expected
