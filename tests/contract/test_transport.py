"""The batch transport on real Kafka, with a keeper and an agent that count: exact under kill, storm, holes, gaps."""

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import TopicPartition
from kafka.errors import NoError
from kafka.structs import OffsetAndMetadata

from tests.transport.kafka_tools import Scene, stop, until

pytestmark = pytest.mark.kafka


@pytest.fixture
def scene(kafka: str, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(kafka, tmp_path, f"t{uuid.uuid4().hex[:10]}")
    yield made
    made.close()


def test_counts_are_exact_after_a_kill_and_a_stop_reads_nothing_twice(scene: Scene) -> None:
    load = scene.load()
    worker = scene.worker()
    until(lambda: sum(count for count, _ in scene.counted().values()) > 2000, 40, lambda: scene.log()[-2000:])
    stop(worker, signal.SIGKILL)
    committed, durable = scene.committed(), scene.next_offsets()
    assert {place for place, offset in committed.items() if offset > durable[place]} == set()

    scene.worker()
    scene.recovered()
    scene.loading.clear()
    load.join()
    scene.exact()
    until(lambda: scene.committed() == scene.next_offsets(), 10, lambda: f"committed {scene.committed()}")
    scene.produce(4000)
    assert stop(scene.workers[-1]) == 0
    before = scene.counters()["replayed"]

    scene.worker(IOC_DRAIN="simple")
    scene.exact()
    assert scene.counters()["replayed"] == before


def test_a_lost_commit_is_made_good_without_new_input(scene: Scene) -> None:
    scene.produce(2000)
    scene.worker()
    scene.exact()
    until(lambda: scene.committed() == scene.next_offsets(), 10, lambda: f"committed {scene.committed()}")
    stop(scene.workers[-1], signal.SIGKILL)
    behind = {TopicPartition(*place): OffsetAndMetadata(offset - 5, "", None)
              for place, offset in scene.next_offsets().items()}
    until(lambda: set(scene.admin.alter_group_offsets(scene.group, behind).values()) == {NoError}, 20,
          "the group is empty")
    assert scene.committed() != scene.next_offsets()
    scene.worker()
    until(lambda: scene.committed() == scene.next_offsets(), 40, lambda: f"committed {scene.committed()}")


def test_counts_are_exact_after_a_storm_of_rebalances(scene: Scene) -> None:
    load = scene.load()
    scene.worker()
    scene.worker()
    scene.recovered(0)
    scene.recovered(1)
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        stop(scene.workers[len(scene.workers) - 2], how)
        scene.worker()
        scene.recovered()
    scene.loading.clear()
    load.join()
    scene.exact(40)
    assert scene.counters()["rebalances"] > 5


def test_a_batch_lost_on_its_way_is_sought_again(scene: Scene) -> None:
    load = scene.load()
    scene.worker(MISCHIEF="drop")
    until(lambda: scene.counters().get("holes", 0) > 0, 40, lambda: scene.log()[-2000:])
    scene.loading.clear()
    load.join()
    scene.exact()
    assert "hole" in scene.log()


def test_a_log_that_begins_later_than_the_state_is_a_gap_of_known_size(scene: Scene) -> None:
    scene.produce(400)
    worker = scene.worker()
    scene.exact()
    stop(worker)
    durable = scene.next_offsets()
    scene.produce(400)
    place = scene.topics[0], 1
    delete_before(scene, place, durable[place] + 30)

    scene.worker()
    missing = until(lambda: scene.counters().get("gap_records"), 40, lambda: scene.log()[-2000:])
    assert missing == 30
    until(lambda: scene.next_offsets() == dict.fromkeys(scene.produced, 200), 20, "all is read")
    assert {each: count for each, (count, _) in scene.counted().items()} == \
        {each: 170 if each == place else 200 for each in scene.produced}


def test_a_state_beyond_the_end_of_its_log_ends_the_process(scene: Scene) -> None:
    value = b'{"next_offset": 1000, "count": 1000, "sum": 1}'
    scene.producer.send(scene.state, value, key=f"{scene.topics[0]}/0".encode(), partition=0).get(10)
    worker = scene.worker()
    assert worker.wait(40) != 0
    assert "the topic was truncated" in scene.log()


def test_an_agent_that_raises_ends_the_process_and_loses_nothing(scene: Scene) -> None:
    load = scene.load()
    worker = scene.worker(MISCHIEF="raise")
    assert worker.wait(50) != 0
    scene.loading.clear()
    load.join()
    scene.worker()
    scene.exact()


def test_an_error_of_the_coordinator_that_nobody_asks_for_leaves_no_worker_alive_and_deaf(scene: Scene) -> None:
    load = scene.load()
    worker = scene.worker(MISCHIEF="park")
    until(lambda: scene.counters().get("coordinator_errors", 0) > 0 or worker.poll() is not None, 40,
          lambda: scene.log()[-2000:])
    scene.loading.clear()
    load.join()
    scene.produce(1000)
    if worker.poll() is not None:  # a fetch that waited got the error, and ended the process: it is started again
        scene.worker()
    scene.exact()


def test_a_crash_of_the_consumer_thread_ends_the_process(scene: Scene) -> None:
    scene.produce(1000)
    worker = scene.worker(MISCHIEF="crash")
    assert worker.wait(40) != 0


def test_a_recovery_slower_than_every_timeout_ends_and_costs_no_membership(scene: Scene) -> None:
    scene.produce(1000)
    worker = scene.worker(MISCHIEF="slow")
    until(lambda: "recovered" in scene.log() or worker.poll() is not None, 90, lambda: scene.log()[-2000:])
    scene.exact()
    assert (scene.log().count("recovered"), scene.counters()["rebalances"]) == (1, 1)


def delete_before(scene: Scene, place: tuple[str, int], offset: int) -> None:
    """Makes a log begin at `offset`."""
    scene.admin.delete_records({TopicPartition(*place): offset})
