"""The injectors themselves: each does what it says, and nothing while it is told nothing."""

import contextlib
import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from schemas.catalogue import find_feed
from schemas.decode import Decoder
from schemas.errors import Rejection
from streams.publisher import read_reference
from tools.faults import machine
from tools.faults.corpus import Kind, corpus
from tools.faults.proxy import FETCH, OFFSET_COMMIT, PRODUCE, Harm, Proxy, last_byte_of_a_batch
from tools.faults.replicas import slot
from tools.jars import ROOT

FEED = find_feed("hydromet")


class Echo(socketserver.BaseRequestHandler):
    """A broker that answers each frame with its correlation id and what came with it."""

    def handle(self) -> None:
        with self.request.makefile("rb") as stream:
            while head := stream.read(4):
                body = stream.read(int.from_bytes(head))
                self.request.sendall(struct.pack(">i", len(body) - 4) + body[4:])


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    between = Proxy()
    host, port = between.listens.split(":")
    with socketserver.ThreadingTCPServer((host, int(port)), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        between.start()
        yield between
        between.close()
        server.shutdown()


def ask(proxy: Proxy, key: int = PRODUCE, body: bytes = b"ping", seconds: float = 5) -> bytes:
    host, port = proxy.address.split(":")
    with socket.create_connection((host, int(port)), seconds) as connection:
        frame = struct.pack(">hhi", key, 4, 77) + body
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        with connection.makefile("rb") as answer:
            return answer.read(int.from_bytes(answer.read(4)))[4:]


def timed(proxy: Proxy) -> float:
    began = time.monotonic()
    assert ask(proxy) == b"ping"
    return time.monotonic() - began


def test_pings_are_slow_while_there_is_delay_and_fast_without(proxy: Proxy) -> None:
    fast = [timed(proxy) for _ in range(10)]
    proxy.harm = Harm(delay=0.1)
    slow = [timed(proxy) for _ in range(10)]
    assert sorted(fast)[5] < 0.1
    assert min(slow) >= 0.2
    assert proxy.done["delayed"] >= 20


def test_only_the_api_keys_named_vanish(proxy: Proxy) -> None:
    proxy.harm = Harm(dropped=frozenset({OFFSET_COMMIT}))
    assert ask(proxy, PRODUCE) == b"ping"
    with pytest.raises(TimeoutError):
        ask(proxy, OFFSET_COMMIT, seconds=0.3)
    assert proxy.done["dropped"] == 1


def test_a_narrow_line_takes_its_time_and_a_cut_one_ends(proxy: Proxy) -> None:
    proxy.harm = Harm(rate=100_000)
    began = time.monotonic()
    assert len(ask(proxy, body=b"x" * 20_000)) == 20_000
    assert time.monotonic() - began >= 0.35
    proxy.harm = Harm(resets=1.0)
    with contextlib.suppress(ConnectionResetError):  # it depends on who notices first
        assert ask(proxy) == b""
    assert proxy.done["reset"] == 1


def test_a_halted_line_keeps_what_it_has_and_passes_it_on_later(proxy: Proxy) -> None:
    proxy.harm = Harm(halted=True)
    with pytest.raises(TimeoutError):
        ask(proxy, seconds=0.3)
    proxy.harm = Harm()
    assert ask(proxy) == b"ping"


def batch() -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for offset in range(50):
        builder.append(offset, 1_700_000_000_000, b"k", b"v" * 40, [])
    return bytes(builder.build())


def test_a_flip_changes_the_last_byte_of_a_batch_and_no_other(proxy: Proxy) -> None:
    records = batch()
    body = b"\0" * 20 + struct.pack(">i", len(records)) + records
    proxy.harm = Harm(flips=1)
    assert ask(proxy, PRODUCE, body) == body
    answer = ask(proxy, FETCH, body)
    assert [at for at in range(len(body)) if answer[at] != body[at]] == [len(body) - 1]
    assert ask(proxy, FETCH, body) == body
    assert proxy.done["flipped"] == 1
    assert last_byte_of_a_batch(b"\0" * 2000) is None


def test_theslot_of_a_group_is_that_of_java() -> None:
    assert (slot("ioc"), slot("hello"), slot("polygenelubricants")) == (104_445, 99_162_322, 0)


KINDS = corpus({**FEED.example, "time": "2026-03-04T08:00:00+07:00", "adminversion": "2023"})


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_every_kind_of_the_corpus_is_refused_for_its_reason(kind: Kind) -> None:
    decoded = Decoder(FEED, read_reference(ROOT / "reference")).decode(kind.value)
    reason = decoded.reason.value if isinstance(decoded, Rejection) else ""
    assert reason in (kind.reasons or ("",)), decoded


@pytest.mark.skipif(bool(machine.no_disk()), reason="no disk can be mounted here")
def test_a_full_disk_takes_no_byte_until_there_is_room(tmp_path: Path) -> None:
    assert machine.mount(tmp_path / "disk", 1) == ""
    try:
        filler = machine.fill(tmp_path / "disk")
        with pytest.raises(OSError, match="No space"):
            (tmp_path / "disk/more").write_bytes(b"x" * 5000)
        filler.unlink()
        (tmp_path / "disk/more").write_bytes(b"x" * 5000)
    finally:
        machine.unmount(tmp_path / "disk")


@pytest.mark.skipif(bool(machine.no_freezer()), reason="no process can be frozen here")
def test_a_frozen_process_does_nothing_until_it_thaws() -> None:
    with subprocess.Popen([sys.executable, "-c", "for line in __import__('sys').stdin: print(line, flush=True)"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with closing(machine.Freezer(f"ioc-faults-test-{process.pid}")) as freezer:
            freezer.freeze(process.pid)
            process.stdin.write(b"a\n")
            assert machine.run("timeout", "0.3", "tail", f"--pid={process.pid}", "-f", "/dev/null") != ""
            freezer.thaw()
            assert process.stdout.read(1) == b"a"
        process.kill()


def test_another_clock_is_another_clock_and_can_be_set_while_it_runs(tmp_path: Path) -> None:
    face = tmp_path / "face"
    face.write_text("-3600")
    (tmp_path / "told.py").write_text(
        "import sys, time\n"
        "for line in sys.stdin:\n"
        "    print(time.time(), time.time_ns() / 1e9, time.monotonic(), *sys.argv[1:], flush=True)\n")
    words = [sys.executable, "-m", "tools.faults.skewed", str(face), sys.executable, "-m", "told", "word"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)}) as process:
        assert process.stdin
        assert process.stdout
        for seconds in (-3600, 600):
            face.write_text(str(seconds))
            process.stdin.write("now\n")
            process.stdin.flush()
            *clocks, monotonic, word = process.stdout.readline().split()
            assert all(abs(float(told) - time.time() - seconds) < 100 for told in clocks)
            assert abs(float(monotonic) - time.monotonic()) < 100
            assert word == "word"
        process.stdin.close()
