"""One feed end to end on real Kafka: events in, /metrics exact, also through kill -9; dead letters; a start refused."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import NewTopic

from tests.worker.scene import Scene, stop, until
from tools.broker import Broker
from tools.ports import free_port

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_scene(own_broker: Broker, tmp_path: Path) -> Iterator[Scene]:
    folder = tmp_path / "scene"
    folder.mkdir()
    made = Scene(own_broker.address, folder)
    yield made
    made.close()


@pytest.fixture
def scene(kafka: str, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(kafka, tmp_path)
    yield made
    made.close()


def test_what_is_published_is_shown_and_a_stop_in_good_order_reads_nothing_twice(scene: Scene) -> None:
    scene.publish(300)
    worker = scene.worker()
    scene.ready()
    scene.exact()
    dead = scene.records(f"{scene.topic}.dead")
    assert len(dead) == scene.fates["rejected"]
    assert {record.value for record in dead} == {b"{broken"}
    origins = {dict(record.headers)["ioc-origin"].decode() for record in dead}
    assert len(origins) == len(dead)
    until(lambda: scene.shown("ioc_dead_letters_pending") == {"": len(dead)}, 15,
          lambda: str(scene.shown("ioc_dead_letters_pending")))
    assert scene.shown("ioc_events_read_total") == {"": scene.fates.total()}
    until(lambda: scene.shown("ioc_consumer_lag_events") == {"": 0}, 15, lambda: scene.log()[-2000:])
    until(lambda: scene.committed() == scene.fates.total(), 10, lambda: str(scene.committed()))

    assert stop(worker) == 0
    assert "Traceback" not in scene.log(), scene.log()
    scene.publish(50)
    scene.worker()
    scene.exact()
    assert scene.shown("ioc_replayed_records_total") == {"": 0}
    assert scene.shown("ioc_events_read_total")[""] < 100


def test_numbers_are_exact_after_kills_in_mid_load_and_a_hand_over(scene: Scene) -> None:
    worker = scene.worker()
    scene.ready()
    for _ in range(3):
        scene.publish(500)
        until(lambda: scene.shown("ioc_feed_records"), 40, lambda: scene.log()[-2000:])
        scene.publish(500)
        assert stop(worker, signal.SIGKILL) == -signal.SIGKILL
        scene.publish(100)
        worker = scene.worker()
    scene.exact(60)
    scene.worker()
    scene.ready()
    scene.publish(200)
    scene.exact()
    assert stop(worker) == 0
    scene.publish(200)
    scene.exact(60)
    assert scene.fates.total() > 4000


def test_a_record_that_ends_the_process_is_set_aside_and_the_rest_is_exact(scene: Scene) -> None:
    worker, ended = scene.worker(PROBE_KILLER="deadly"), 0
    scene.publish(300)
    scene.ready()
    scene.exact()
    killers = [scene.publish_killer("deadly-1"), scene.publish_killer("deadly-2")]
    scene.publish(300)

    def set_aside() -> bool:
        nonlocal worker, ended
        if worker.poll() is not None:
            assert worker.returncode == 139, scene.log()
            worker, ended = scene.worker(PROBE_KILLER="deadly"), ended + 1
        return scene.shown("ioc_events_rejected_total", "reason").get("process_killer") == 2

    until(set_aside, 100, lambda: f"{ended} workers ended; {scene.log()[-2000:]}")
    assert 1 <= ended <= 3
    scene.exact(60)
    letters = {dict(record.headers)["ioc-origin"]: record for record in scene.records(f"{scene.topic}.dead")}
    assert [record.value for record in letters.values()
            if dict(record.headers)["ioc-reason"] == b"process_killer"] == killers
    assert worker.poll() is None
    assert stop(worker) == 0
    scene.publish(100)
    scene.worker(PROBE_KILLER="deadly")
    scene.exact(60)


def test_a_topic_made_anew_while_the_worker_runs_is_counted_from_its_first_record(scene: Scene) -> None:
    scene.publish(100)
    scene.worker()
    scene.exact()
    scene.admin.delete_topics([scene.topic])
    until(lambda: scene.topic not in scene.admin.list_topics(), 20, lambda: str(scene.admin.list_topics()))
    scene.admin.create_topics([NewTopic(scene.topic, 2, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
    scene.publish(60)
    scene.exact(90)


def test_the_page_is_clean_for_promtool(scene: Scene) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    scene.publish(50)
    scene.worker()
    scene.exact()
    page = scene.ask("/metrics")[1]
    found = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_a_start_that_cannot_go_well_ends_with_one_sentence(scene: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert scene.worker(IOC_METRICS_PORT=str(taken.getsockname()[1])).wait(30) == 1
        assert "IOC_METRICS_PORT" in scene.log()
    assert scene.worker(PROBE_VERSION="99").wait(30) == 1
    assert "topic ioc.feedback.v99 does not exist" in scene.log()
    assert scene.worker(IOC_PARTITIONS="3").wait(30) == 1
    assert "IOC_PARTITIONS" in scene.log()
    assert scene.worker(IOC_BROKERS=f"127.0.0.1:{free_port()}").wait(30) == 1
    assert "nobody answers at IOC_BROKERS" in scene.log()
    for number in range(4):
        assert len(scene.said(number)) == 1, scene.log(number)


def test_a_snapshot_that_cannot_be_read_stops_the_worker_with_one_sentence(scene: Scene) -> None:
    scene.producer.send(scene.state, b"junk", key=f"{scene.topic}/0".encode(), partition=0).get(10)
    worker = scene.worker()
    assert worker.wait(40) == 1
    assert len(scene.said()) == 1, scene.log()
    assert "cannot be read; restore the topic" in scene.log()


def test_a_worker_tells_where_its_threads_stand_and_goes_on(scene: Scene) -> None:
    scene.publish(300)
    worker = scene.worker()
    scene.ready()
    worker.send_signal(signal.SIGQUIT)
    until(lambda: "most recent call first" in scene.log(), 10, lambda: scene.log()[-500:])
    scene.exact()


def test_a_broker_that_dies_makes_the_worker_unready_and_costs_nothing(own_broker: Broker, own_scene: Scene) -> None:
    scene = own_scene
    worker = scene.worker()
    scene.publish(300)
    scene.ready()
    scene.exact()
    scene.disconnect()
    own_broker.kill()
    until(lambda: scene.ask("/readyz")[0] == 503, 30, lambda: scene.ask("/readyz")[1])
    assert scene.ask("/healthz")[0] == 200
    own_broker.start()
    scene.connect()
    scene.publish(300)
    scene.exact(60)
    scene.ready()
    own_broker.pause()
    try:
        until(lambda: scene.ask("/readyz")[0] == 503, 30, lambda: scene.ask("/readyz")[1])
        assert stop(worker) != 0
    finally:
        own_broker.resume()
    scene.publish(100)
    scene.worker()
    scene.exact(60)


def test_a_worker_that_slept_longer_than_its_session_doubles_and_loses_nothing(scene: Scene) -> None:
    scene.worker()
    scene.ready()
    sleeper = scene.worker()
    scene.ready()
    until(lambda: scene.shown("ioc_partition_owner") == {"": 2}, 40, lambda: str(scene.shown("ioc_partition_owner")))
    scene.publish(300)
    sleeper.send_signal(signal.SIGSTOP)
    awake = scene.ports.pop()  # nobody can be asked who sleeps
    scene.publish(300)
    scene.exact(60)
    sleeper.send_signal(signal.SIGCONT)
    scene.ports.append(awake)
    scene.publish(300)
    scene.exact(60)
    assert sleeper.poll() is None


def test_a_state_in_blocks_is_exact_after_kills_and_old_blocks_are_deleted(scene: Scene) -> None:
    def blocks() -> list[Any]:
        return [record for record in scene.records(scene.state) if record.key.count(b"/") > 1]

    scene.publish(10_000, things=10_000)
    worker = scene.worker()
    scene.ready()
    scene.exact()
    for _ in range(3):
        scene.publish(4000, things=9000)
        assert stop(worker, signal.SIGKILL) == -signal.SIGKILL
        scene.publish(100)
        worker = scene.worker()
        scene.exact(60)
    assert len({record.key for record in blocks()}) > 10

    def deleted() -> bool:
        scene.publish(2000, things=9000)
        return any(record.value is None for record in blocks())

    until(deleted, 60, lambda: str(len(blocks())))
    scene.exact(60)
    assert stop(worker) == 0
