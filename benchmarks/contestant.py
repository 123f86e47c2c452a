"""What both programs on stock Faust share: the app, the count to which they run, and what they say in the end.

A contestant reads a number of events, flushes what it still owes the broker, prints one line of JSON and leaves.
"""

import json
import logging
import os
import sys
import time
import uuid
from typing import Any

import faust
from kafka.admin import KafkaAdminClient, NewTopic

BROKER = os.environ.get("BENCH_BROKER", "127.0.0.1:9092")
EVENTS = int(os.environ.get("BENCH_EVENTS", "0"))
FOLDER = os.environ.get("BENCH_FOLDER", ".")
PREFIX = os.environ.get("BENCH_PREFIX", "bench.")
PARTITIONS = int(os.environ.get("BENCH_PARTITIONS", "6"))


SESSION_SECONDS = 10.0
"""As our workers have it; stock is a minute, for which the partitions of a killed one would stay unread."""


def app(name: str) -> Any:
    """A stock app in a group of its own; it commits each second, and ends when an agent fails, to be run again.

    BENCH_NAME names the group of a run that is to be killed and begun again.
    """
    group = os.environ.get("BENCH_NAME") or f"{name}-{uuid.uuid4().hex[:8]}"
    return faust.App(group, broker=f"kafka://{BROKER}", store="memory://", datadir=FOLDER,
                     topic_partitions=PARTITIONS, topic_replication_factor=1, broker_commit_interval=1.0,
                     consumer_auto_offset_reset="earliest", web_enabled=False,
                     broker_session_timeout=SESSION_SECONDS,
                     agent_supervisor="mode.CrashingSupervisor")


def make_changelogs(*tables: Any) -> None:
    """Makes the changelog topics ahead, as one would in operation.

    Faust makes them as well, but may take one that its client has not heard of for a topic of 0 partitions, and end.
    """
    admin = KafkaAdminClient(bootstrap_servers=BROKER)
    try:
        known = admin.list_topics()
        wanted = [NewTopic(table.changelog_topic_name, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"})
                  for table in tables if table.changelog_topic_name not in known]
        if wanted:
            admin.create_topics(wanted)
            admin.wait_for_topics([topic.name for topic in wanted])
    finally:
        admin.close()


class Race:
    """CPU of the whole process and wall time, from the first event to the last."""

    def __init__(self) -> None:
        self.events = 0
        self.cpu = self.wall = 0.0

    def counted(self) -> bool:
        """One more event; whether it is the last."""
        if self.events == 0:
            self.cpu, self.wall = time.process_time(), time.monotonic()
        self.events += 1
        return self.events == EVENTS

    def finish(self, **more: object) -> None:
        """Says the result and ends the process."""
        cpu, wall = time.process_time() - self.cpu, time.monotonic() - self.wall
        print(json.dumps({"events": self.events, "cpu": cpu, "wall": wall, **more}), file=sys.__stdout__, flush=True)
        os._exit(0)


def start(program: Any) -> None:
    """Runs the worker as its own command line would, without the debug records its logging makes and throws away."""
    logging.disable(logging.WARNING)
    sys.argv = [sys.argv[0], "worker", "-l", "error", "--without-web"]
    program.main()
