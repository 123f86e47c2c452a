"""Quix Streams as its documentation shows it: filter, group by campaign, tumbling window, current count, RocksDB state.

The records have no key, so the group goes through a topic of its own, as it must before any state by campaign.
"""

from typing import Any

from pydantic import ValidationError
from quixstreams import Application
from quixstreams.models.serializers import Deserializer, IgnoreMessage, SerializationContext

from benchmarks.peers.ad_event import AdEvent, validate
from benchmarks.peers.race import BROKER, FOLDER, TOPIC, WINDOW_MS, Race, Shown, campaigns

LATEST_MS = 120_000
"""How late an event may be: the generator makes them at most a minute late."""

race = Race("quix")
shown = Shown(race)
campaign_of = campaigns()
counts: dict[str, int] = {}
seen = 0


class Validated(Deserializer):  # type: ignore[misc]  # not typed where this is checked
    """Bytes to a validated event."""

    def __call__(self, value: bytes, ctx: SerializationContext) -> AdEvent:  # noqa: ARG002  # Quix calls it so
        """The event; one that is none is passed over."""
        race.take()
        try:
            event: AdEvent = validate(value)
        except ValidationError as error:
            race.rejected += 1
            raise IgnoreMessage from error
        race.views += event["event_type"] == "view"
        return event


def moment(value: AdEvent, headers: Any, timestamp: float, kind: Any) -> int:  # noqa: ARG001  # Quix calls it so
    """When it happened."""
    return int(value["event_time"])


def show(window: dict[str, int], key: str, timestamp: int, headers: Any) -> None:  # noqa: ARG001  # Quix calls it so
    """Makes a count visible; ends the run with the last."""
    global seen  # noqa: PLW0603  # a callback of a pipeline made at import
    name = f"{key}:{window['start'] // WINDOW_MS}"
    counts[name] = window["value"]
    shown.put({name: window["value"]})
    seen += 1
    if race.is_over and seen == race.views:
        program.stop()


program = Application(broker_address=BROKER, consumer_group=race.name, auto_offset_reset="earliest",
                      commit_interval=1.0, state_dir=FOLDER / race.name, loglevel="ERROR")
frame = program.dataframe(program.topic(TOPIC, value_deserializer=Validated(), timestamp_extractor=moment))
frame = frame[frame["event_type"] == "view"]
frame = frame.apply(lambda event: {"campaign": campaign_of[event["ad_id"]]})
frame = frame.group_by("campaign")
frame = frame.tumbling_window(duration_ms=WINDOW_MS, grace_ms=LATEST_MS).count().current()
frame.update(show, metadata=True)

if __name__ == "__main__":
    program.run()  # comes back when the last changes of state are committed
    shown.flush()
    race.stop()
    race.finish(counts, "at least once")
