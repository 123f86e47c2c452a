"""A feed under a name of its own on the shared broker, and what a test reads back."""

import random
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient

from schemas.feed import Feed
from streams.operations.topics import plan, provision
from streams.publisher import connect
from streams.settings import Settings
from tests.contract.replaying import versioned

ROOT = Path(__file__).parents[2]


def fresh_feed(name: str) -> Feed:
    """A feed as it is declared, under a version that nobody else uses: its topics are the test's own."""
    return versioned(name, random.randrange(10_000, 1_000_000_000))


def settings(kafka: str, **values: Any) -> Settings:
    """Settings for the shared broker."""
    state = f"ioc.state.test{random.randrange(10**9)}"
    return Settings(brokers=kafka, reference=ROOT / "reference", state_topic=state, **{"partitions": 2, **values})


def make_topics(given: Settings, *feeds: Feed) -> list[str]:
    """The topics of the feeds; what was said about them."""
    said: list[str] = []
    admin = connect(KafkaAdminClient, given.brokers)
    try:
        assert provision(admin, plan(given, feeds), said.append) == 0, said
    finally:
        admin.close()
    return said


def rain(feed: Feed, name: str = "r1", **data: Any) -> dict[str, Any]:
    """A good reading."""
    return {
        "specversion": "1.0", "id": name, "source": "//laocai.gov.vn/kttv/vrain",
        "type": f"vn.laocai.hydromet.observed.v{feed.version}", "time": "2026-11-02T08:00:00+07:00", "agency": "kttv",
        "data": {"station_id": "LC-R-0042", "rain_mm": 1.5, "period_s": 600, "quality": "ok", **data},
    }  # fmt: skip
