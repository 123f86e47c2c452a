"""Stock Faust as its documentation shows it: a validated Record, an agent, a table whose changelog is on the broker.

One plain table by campaign and window: kinder than a windowed one, which writes each window's expiry as well. Its
validation is what Faust has: a number passes for a text, an unknown field is passed over, and a record that is refused
ends the worker.
"""

from typing import Any

import faust
from faust.models.fields import StringField

from benchmarks.contestant import app, start
from benchmarks.peers.faust_fields import Choice, Digits
from benchmarks.peers.race import PARTITIONS, TOPIC, WINDOW_MS, Race, campaigns

race = Race("faust")
campaign_of = campaigns()
program = app("ysb-faust")


class AdEvent(faust.Record, serializer="json", validation=True):  # type: ignore[misc, call-arg]
    """One event."""

    user_id: str = StringField(max_length=64)
    page_id: str = StringField(max_length=64)
    ad_id: str = StringField(max_length=64)
    ad_type: str = Choice("banner", "modal", "sponsored-search", "mail", "mobile")
    event_type: str = Choice("view", "click", "purchase")
    event_time: str = Digits(max_length=13)
    ip_address: str = StringField(max_length=64)


events = program.topic(TOPIC, value_type=AdEvent)
counts = program.Table("counts", default=int, partitions=PARTITIONS)


@program.agent(events)  # type: ignore[untyped-decorator]
async def count(stream: Any) -> None:
    """Counts views."""
    async for event in stream:
        race.take()
        if event.event_type == "view":
            race.views += 1
            counts[f"{campaign_of[event.ad_id]}:{int(event.event_time) // WINDOW_MS}"] += 1
        if race.is_over:
            await program.producer.flush()
            race.stop()
            race.finish(dict(counts.items()), "at least once")


if __name__ == "__main__":
    start(program)
