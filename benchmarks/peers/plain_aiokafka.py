"""No framework: aiokafka's `getmany`, pydantic, a dict. Nothing survives the process; a lower bound for Python."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from benchmarks.peers.ad_event import validate
from benchmarks.peers.race import BROKER, PARTITIONS, TOPIC, WINDOW_MS, Race, Shown, campaigns


async def main() -> None:
    """Reads all, from the beginning."""
    race, campaign_of = Race("aiokafka"), campaigns()
    shown = Shown(race)
    counts: dict[str, int] = {}
    consumer = AIOKafkaConsumer(bootstrap_servers=BROKER, enable_auto_commit=False, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(TOPIC, number) for number in range(PARTITIONS)])
    await consumer.start()
    while not race.is_over:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
            race.take(len(records))
            changed = set()
            for record in records:
                try:
                    event = validate(record.value)
                except ValidationError:
                    race.rejected += 1
                    continue
                if event["event_type"] == "view":
                    race.views += 1
                    key = f"{campaign_of[event['ad_id']]}:{int(event['event_time']) // WINDOW_MS}"
                    counts[key] = counts.get(key, 0) + 1
                    changed.add(key)
            shown.put({key: counts[key] for key in changed})
    shown.flush()
    race.stop()
    race.finish(counts, "none")


if __name__ == "__main__":
    asyncio.run(main())
