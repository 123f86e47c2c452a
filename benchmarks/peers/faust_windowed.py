"""Theodolite's UC2 on stock Faust: a validated Record, an agent, a tumbling table of the event's own time."""

from datetime import timedelta
from typing import Any

import faust
from faust.models.fields import FloatField, IntegerField, StringField

from benchmarks.contestant import app, make_changelogs, start
from benchmarks.peers.race import PARTITIONS, TOPIC, Race

MINUTE = timedelta(minutes=1)

race = Race("faust")
program = app("uc2-faust")

Stats = tuple[float, float, float, float, float]
NONE: Stats = (0, 0.0, 0.0, float("inf"), float("-inf"))


class Reading(faust.Record, serializer="json", validation=True):  # type: ignore[misc, call-arg]
    """What a sensor measured."""

    identifier: str = StringField(min_length=1, max_length=64)
    timestamp: int = IntegerField(min_value=0)
    valueInW: float = FloatField()  # noqa: N815  # Theodolite calls it so


def taken(stats: Stats, watts: float) -> Stats:
    """Count, sum, sum of squared distances from the mean (Welford), smallest and largest, with one value more."""
    count, total, squares, least, most = stats
    before = total / count if count else watts
    total, count = total + watts, count + 1
    return count, total, squares + (watts - before) * (watts - total / count), min(least, watts), max(most, watts)


def figures(stats: Stats) -> list[float]:
    """Count, sum, smallest, largest, mean, variance of the population."""
    count, total, squares, least, most = stats
    return [count, total, least, most, total / count, squares / count]


readings = program.topic(TOPIC, key_type=str, value_type=Reading)
table = program.Table("power", default=lambda: NONE, partitions=PARTITIONS)
power = table.tumbling(MINUTE, expires=timedelta(days=1)).relative_to(lambda event: event.value.timestamp / 1000)


@program.agent(readings)  # type: ignore[untyped-decorator]
async def measure(stream: Any) -> None:
    """Adds each reading to its window."""
    async for reading in stream:
        race.take()
        power[reading.identifier].apply(taken, reading.valueInW)
        if race.is_over:
            await program.producer.flush()
            race.stop()
            seconds = MINUTE.total_seconds()
            windows = {f"{sensor}:{int(start // seconds)}": figures(stats)
                       for (sensor, (start, _)), stats in table.items()}
            race.finish(windows, "at least once")


if __name__ == "__main__":
    make_changelogs(table)
    start(program)
