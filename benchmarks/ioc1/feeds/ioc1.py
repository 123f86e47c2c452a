"""The events of IOC-1, declared as any feed of the province is: an envelope, a key, a listed service, one number."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas import Count, Feed, Is, Kpi, Listed, Payload, Rolling, Text
from schemas.reference.rows import Row

Uuid = Annotated[str, StringConstraints(min_length=36, max_length=36)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Row):
    """A service and the department that it belongs to."""

    KEY = ("service",)
    service: str
    department: str


class Request(Payload):
    """What somebody did with a service."""

    user_id: Uuid
    page_id: Uuid
    service_id: Annotated[Uuid, Listed("routes", gives=("department",))]
    ad_type: Literal["banner", "modal", "sponsored-search", "mail", "mobile"]
    event_type: Literal["view", "click", "purchase"]
    ip_address: Annotated[str, StringConstraints(min_length=7, max_length=15)]


TEN_SECONDS = timedelta(seconds=10)

FEED = Feed(
    name="ioc1",
    title=Text("Sự kiện IOC-1", "Events of IOC-1"),
    payload=Request,
    actions=("happened",),
    key="service_id",
    every=timedelta(minutes=1),
    duty="none",
    lists={"routes": Route},
    kpis=(
        Kpi(
            "views",
            Text("Lượt xem theo sở, ngành", "Views of a department"),
            Count(),
            over=(Rolling(TEN_SECONDS, step=TEN_SECONDS), Rolling(timedelta(minutes=15), step=TEN_SECONDS)),
            by=("department",),
            where=Is("event_type", "view"),
        ),
    ),
    example={
        "specversion": "1.0",
        "id": "e-000000001",
        "source": "//laocai.gov.vn/ioc1/portal",
        "type": "vn.laocai.ioc1.happened.v1",
        "time": "2026-01-05T08:00:00.000+07:00",
        "agency": "skhcn",
        "data": {
            "user_id": "1b1c6c5e-6f6c-4c58-8b0d-6d2f0e9d7a11",
            "page_id": "7f0f9d0e-2c5b-4a0f-9a52-2f9b0c1d2e3f",
            "service_id": "0c6d7a10-4b7e-4c3a-8a2e-5f4e3d2c1b0a",
            "ad_type": "banner",
            "event_type": "view",
            "ip_address": "1.2.3.4",
        },
    },
)
