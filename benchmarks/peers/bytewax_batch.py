"""Bytewax: its Kafka source, records validated a batch at a time, state by campaign, recovered from its own store."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main
from pydantic import ValidationError

from benchmarks.peers.ad_event import validate
from benchmarks.peers.race import BROKER, FOLDER, TOPIC, WINDOW_MS, Race, Shown, campaigns

BATCH = 5000

race = Race("bytewax")
shown = Shown(race)
campaign_of = campaigns()
counts: dict[str, int] = {}


def views(batch: list[Any]) -> Iterable[tuple[str, int]]:
    """Campaign and window of each view."""
    race.take(len(batch))
    found = []
    for message in batch:
        try:
            event = validate(message.value)
        except ValidationError:
            race.rejected += 1
            continue
        if event["event_type"] == "view":
            found.append((campaign_of[event["ad_id"]], int(event["event_time"]) // WINDOW_MS))
    race.views += len(found)
    return found


class Windows(StatefulBatchLogic):  # type: ignore[misc]  # not typed where this is checked
    """The counts of one campaign."""

    def __init__(self, counts: dict[int, int] | None) -> None:
        self.counts = counts or {}

    def on_batch(self, values: list[int]) -> tuple[list[dict[int, int]], bool]:
        """Counts, and passes on what has changed."""
        for window in values:
            self.counts[window] = self.counts.get(window, 0) + 1
        return [{window: self.counts[window] for window in set(values)}], StatefulBatchLogic.RETAIN

    def snapshot(self) -> dict[int, int]:
        """What the recovery store keeps."""
        return dict(self.counts)


class Page(StatelessSinkPartition):  # type: ignore[misc]
    """Where counts become visible."""

    def write_batch(self, items: list[tuple[str, dict[int, int]]]) -> None:
        """Shows them."""
        changed = {f"{campaign}:{window}": number for campaign, windows in items for window, number in windows.items()}
        counts.update(changed)
        shown.put(changed)


class Pages(DynamicSink):  # type: ignore[misc]
    """One page for each worker."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Page:  # noqa: ARG002  # Bytewax calls it so
        """The page."""
        return Page()


flow = Dataflow("ysb")
messages = op.input("log", flow, KafkaSource([BROKER], [TOPIC], tail=False, batch_size=BATCH))
counted = op.stateful_batch("count", op.flat_map_batch("view", messages, views), Windows)
op.output("show", counted, Pages())

if __name__ == "__main__":
    store = FOLDER / race.name
    store.mkdir()
    init_db_dir(store, 1)
    run_main(flow, epoch_interval=timedelta(seconds=1), recovery_config=RecoveryConfig(str(store)))
    shown.flush()
    race.stop()
    race.finish(counts, "state exactly once, on a local disk")
