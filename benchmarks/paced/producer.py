"""Sends the events of a file at a fixed pace, whatever the broker and the engines do (an open loop).

    python -m benchmarks.paced.producer BROKER TOPIC FILE EVENTS_A_SECOND

Says `ready`, reads from its input when to begin (seconds of the monotonic clock, which all processes share), sends, and
says one line of JSON: how many were acknowledged, and by how much the worst one was sent later than planned. Each
partition is paced for itself, so that a slow answer for one holds up no other.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer

from benchmarks.log import CODEC, ROOM
from benchmarks.ysb.log import PARTITIONS

TICK_SECONDS = 0.01


def due(place: int, elapsed: float, a_second: int) -> int:
    """How many of a partition's events are to be sent by now; its first is in place `place`."""
    passed = int(elapsed * a_second) + 1 if elapsed >= 0 else 0
    return max(0, (passed - place + PARTITIONS - 1) // PARTITIONS)


async def send(broker: str, topic: str, values: Sequence[bytes], a_second: int) -> dict[str, float]:
    """All of it, from the moment that the input says."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, compression_type=CODEC, max_batch_size=ROOM,
                                max_request_size=4 * ROOM, enable_idempotence=True)
    await producer.start()
    try:
        await producer.partitions_for(topic)
        print("ready", flush=True)
        begin = float(await asyncio.to_thread(sys.stdin.readline))
        lanes = [_pace(producer, topic, place, values[place::PARTITIONS], begin, a_second)
                 for place in range(PARTITIONS)]
        return {"behind": max(await asyncio.gather(*lanes)), "acknowledged": len(values)}
    finally:
        await producer.stop()


async def _pace(producer: AIOKafkaProducer, topic: str, place: int, values: Sequence[bytes], begin: float,
                a_second: int) -> float:
    """One partition; answers seconds by which the worst event was late."""
    sent, behind = 0, 0.0
    answers: list[Awaitable[object]] = []
    while sent < len(values):
        now = time.monotonic()
        wanted = min(len(values), due(place, now - begin, a_second))
        if wanted == sent:
            await asyncio.sleep(TICK_SECONDS)
            continue
        first = begin + (place + sent * PARTITIONS) / a_second
        batch = producer.create_batch()
        while sent < wanted and batch.append(timestamp=None, key=None, value=values[sent]) is not None:
            sent += 1
        batch.close()
        answers.append(await producer.send_batch(batch, topic, partition=place))
        behind = max(behind, time.monotonic() - first)
        await asyncio.sleep(TICK_SECONDS)
    await asyncio.gather(*answers)
    return behind


def main(words: Sequence[str]) -> None:
    """Reads the file first: nothing but sending is done while it counts."""
    broker, topic, file, a_second = words
    print(json.dumps(asyncio.run(send(broker, topic, Path(file).read_bytes().splitlines(), int(a_second)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
