"""What `make up` and `make down` say and leave behind when something is wrong."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.stack.down import PATIENCE
from tools.stack.processes import Process

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def nothing_left(tree: Any) -> Iterator[None]:
    """Whatever went wrong, no process is left."""
    yield
    left = tree.strangers()
    tree.make("down")
    assert left == []


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a verb that failed."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


@pytest.mark.parametrize(("which", "setting"), [
    ("kafka", "IOC_KAFKA_PORT"), ("metrics", "IOC_METRICS_PORT"), ("prometheus", "IOC_PROMETHEUS_PORT"),
    ("alertmanager", "IOC_ALERTMANAGER_PORT"), ("notify", "IOC_NOTIFY_PORT"), ("viewer", "IOC_VIEWER_PORT")])
def test_a_taken_port_is_named_with_its_setting(tree: Any, which: str, setting: str) -> None:
    port = getattr(tree, which)
    with socket.create_server(("127.0.0.1", port)):
        said = sentence(tree.make("up"))
    assert f"port {port}" in said
    assert setting in said


def test_a_wrong_number_names_the_variable(tree: Any) -> None:
    assert "WORKERS='many'" in sentence(tree.make("up", WORKERS="many"))


def test_data_that_is_not_there_is_named(tree: Any) -> None:
    assert "DATA='nowhere'" in sentence(tree.make("up", DATA="nowhere"))


def without(tree: Any, folder: Path, *names: str) -> dict[str, str]:
    """A PATH that holds everything but some programs."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in names:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program)
    return {"PATH": str(folder)}


def test_a_missing_java_without_root_names_the_command(tree: Any, tmp_path: Path) -> None:
    path = without(tree, tmp_path / "bin", "java", "id")
    code = ("import os, sys; os.geteuid = lambda: 1000\n"
            "from tools.stack.__main__ import main; sys.exit(main(['up']))")
    done = subprocess.run([shutil.which("python3") or "python3", "-c", code], cwd=tree.root, text=True, check=False,
                          env={**os.environ, **tree.environment, **path, "JAVA_HOME": ""}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert "sudo apt-get install --no-install-recommends openjdk-17-jre-headless" in sentence(done)


def test_no_network_for_kafka_is_one_sentence_and_leaves_no_half(tree: Any, tmp_path: Path) -> None:
    maven = tmp_path / "bin"
    maven.mkdir()
    (maven / "mvn").write_text("#!/bin/sh\necho '[ERROR] Could not transfer artifact: unknown host'\nexit 1\n")
    (maven / "mvn").chmod(0o755)
    libs = tmp_path / "libs"
    said = sentence(tree.make("up", IOC_KAFKA_LIBS=libs, PATH=f"{maven}:{os.environ['PATH']}"))
    assert "unknown host" in said
    assert "check the network" in said
    assert list(tmp_path.glob("libs*")) == []


def test_no_network_for_pip_is_one_sentence(tree: Any, tmp_path: Path) -> None:
    said = sentence(tree.make("up", IOC_VENV=tmp_path / "venv", PIP_INDEX_URL="http://127.0.0.1:9/", PIP_FIND_LINKS="",
                              PIP_RETRIES=0))
    assert "pip cannot install" in said
    assert "check the network" in said


@pytest.mark.kafka
def test_a_broker_that_cannot_start_points_to_its_log(tree: Any) -> None:
    data = tree.root / "var/kafka/broker/data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=damaged\nnode.id=7\n")
    said = sentence(tree.make("up"))
    shutil.rmtree(tree.root / "var/kafka/broker")
    assert "kafka ended with code" in said
    assert "var/log/kafka.log" in said


@pytest.mark.kafka
@pytest.mark.parametrize("verb", ["topics", "worker", "notify", "viewer", "simulate"])
def test_an_up_that_fails_half_way_ends_what_it_started(tree: Any, verb: str) -> None:
    said = sentence(tree.make("up", **{f"FAKE_{verb.upper()}": "fail"}))
    assert "the fake was told to fail" in said
    assert f"var/log/{verb}" in said
    assert tree.processes() == {}


@pytest.mark.kafka
def test_an_interrupted_up_ends_what_it_started(tree: Any, waiting: Callable[..., Any]) -> None:
    with subprocess.Popen(["make", "up"], cwd=tree.root, env={**os.environ, **tree.environment, **tree.ports(),
                          "FAKE_WORKER": "hang"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True) as up:
        waiting(lambda: "worker-1" in tree.processes(), "the worker that never gets ready")
        os.killpg(up.pid, signal.SIGINT)
        assert up.wait(PATIENCE + 30) != 0
    assert tree.processes() == {}


def test_a_full_disk_is_said_before_anything_starts(tree: Any) -> None:
    code = ("import shutil, collections, sys\n"
            "shutil.disk_usage = lambda _: collections.namedtuple('Usage', 'free')(5 << 20)\n"
            "from tools.stack.__main__ import main; sys.exit(main(['up']))")
    done = subprocess.run([shutil.which("python3") or "python3", "-c", code], cwd=tree.root, text=True, check=False,
                          env={**os.environ, **tree.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    said = sentence(done)
    assert "only 5 MiB are free" in said
    assert "make room" in said


def test_a_process_that_is_not_ours_is_never_ended(tree: Any) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        real = Process.of(stranger.pid)
        record = {"pid": real.pid, "born": real.born - 1, "boot": real.boot}  # the same number, born at another moment
        state = {"supervisor": record, "programs": {"worker-1": {
            "process": record, "standing": "running", "restarts": 0, "code": None, "order": 10}}}
        file = tree.root / "var/run/processes.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(state))
        done = tree.make("down")
        assert stranger.poll() is None
        stranger.kill()
    assert done.returncode == 0
    assert "2 stale records cleared" in done.stdout
    assert not file.exists()


def test_two_verbs_at_once_are_refused(tree: Any, busy: Callable[[Any], Any]) -> None:
    with busy(tree):
        assert "another make up or make down" in sentence(tree.make("down"))


@pytest.fixture
def busy() -> Callable[[Any], Any]:
    """A function that holds a clone as a running `make up` does."""
    @contextmanager
    def hold(tree: Any) -> Iterator[None]:
        file = tree.root / "var/run/busy.lock"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    return hold
