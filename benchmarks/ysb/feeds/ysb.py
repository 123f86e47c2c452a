"""The events of the Yahoo Streaming Benchmark, as its generator writes them, and the one number that it asks for."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas import Count, EpochText, Feed, Is, Kpi, Listed, Payload, Rolling, Text
from schemas.reference.rows import Row

Uuid = Annotated[str, StringConstraints(min_length=36, max_length=36)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ad(Row):
    """An advertisement and the campaign it belongs to."""

    KEY = ("ad",)
    ad: str
    campaign: str


class AdEvent(Payload):
    """What somebody did with an advertisement."""

    user_id: Uuid
    page_id: Uuid
    ad_id: Annotated[Uuid, Listed("ads", gives=("campaign",))]
    ad_type: Literal["banner", "modal", "sponsored-search", "mail", "mobile"]
    event_type: Literal["view", "click", "purchase"]
    event_time: EpochText
    ip_address: Annotated[str, StringConstraints(min_length=7, max_length=15)]


TEN_SECONDS = timedelta(seconds=10)

FEED = Feed(
    name="ysb",
    title=Text("Sự kiện quảng cáo", "Advertising events"),
    payload=AdEvent,
    actions=("happened",),
    key="",
    bare="event_time",
    every=timedelta(minutes=1),
    duty="none",
    lists={"ads": Ad},
    kpis=(
        Kpi(
            "views",
            Text("Lượt xem theo chiến dịch", "Views of a campaign"),
            Count(),
            over=(Rolling(TEN_SECONDS, step=TEN_SECONDS), Rolling(timedelta(minutes=10), step=TEN_SECONDS)),
            by=("campaign",),
            where=Is("event_type", "view"),
        ),
    ),
    example={
        "user_id": "1b1c6c5e-6f6c-4c58-8b0d-6d2f0e9d7a11",
        "page_id": "7f0f9d0e-2c5b-4a0f-9a52-2f9b0c1d2e3f",
        "ad_id": "0c6d7a10-4b7e-4c3a-8a2e-5f4e3d2c1b0a",
        "ad_type": "banner",
        "event_type": "view",
        "event_time": "1767574800000",
        "ip_address": "1.2.3.4",
    },
)
