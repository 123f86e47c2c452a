"""Stock Faust as its documentation shows it: a validated Record, an agent, a table whose changelog is on the broker.

One plain table by campaign and window: kinder than a windowed one, which writes each window's expiry as well. Its
validation is what Faust has: a number passes for a text, an unknown field is passed over, and a record that is refused
ends the worker.
"""

from collections.abc import Iterable
from typing import Any

import faust
from faust.models.fields import StringField

from benchmarks.contestant import app, start
from benchmarks.peers.race import PARTITIONS, TOPIC, WINDOW_MS, Race, campaigns

race = Race("faust")
campaign_of = campaigns()
program = app("ysb-faust")


class Choice(StringField):  # type: ignore[misc]  # Faust ships no types
    """One of a few words."""

    def __init__(self, *words: str, **options: Any) -> None:
        self.words = words
        super().__init__(**{"max_length": 64, **options})

    def to_python(self, value: Any) -> Any:
        """As it came."""
        return value

    def validate(self, value: Any) -> Iterable[Exception]:
        """What is wrong with it."""
        if value not in self.words:
            yield self.validation_error(f"{self.field} is none of {self.words}")

    def clone(self, **options: Any) -> Any:
        """The same for a subclass of the record."""
        return type(self)(*self.words, **{**self.as_dict(), **options})


class Digits(StringField):  # type: ignore[misc]
    """Milliseconds since the epoch, as text."""

    def validate(self, value: Any) -> Iterable[Exception]:
        """What is wrong with it."""
        yield from super().validate(value)
        if not (value.isascii() and value.isdigit()):
            yield self.validation_error(f"{self.field} is no number")


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
