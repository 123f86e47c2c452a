"""A TCP proxy between workers and broker that reads Kafka's frames: delays, narrows, cuts, stops, drops, flips a byte.

Only the workers pass here: load, judge and recount reach the broker straight.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tools.ports import LOOPBACK, free_port

PRODUCE: Final = 0
FETCH: Final = 1
OFFSET_COMMIT: Final = 8
LARGE: Final = 1000
"""Bytes of an answer in which a flipped byte hits records."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Harm:
    """What is done to connections now; all nothing: they pass.

    Attributes:
        delay: seconds each way.
        rate: bytes a second each way and connection; 0: as many as come.
        resets: share of requests at which the connection is cut.
        dropped: API keys whose requests vanish.
        halted: nothing passes, connections stay open.
        flips: answers to fetches in which a byte is still to be flipped.
    """

    delay: float = 0.0
    rate: float = 0.0
    resets: float = 0.0
    dropped: frozenset[int] = frozenset()
    halted: bool = False
    flips: int = 0


@dataclass
class Proxy:
    """Runs in a thread of its own; `harm` may be changed at any moment, `done` counts what was done."""

    random: Random = field(default_factory=lambda: Random(0))
    harm: Harm = field(default_factory=Harm)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.listens = f"{LOOPBACK}:{free_port()}"
        """Where the broker listens for what comes from here."""
        self._door = socket.create_server((LOOPBACK, free_port()))
        self.port: int = self._door.getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"
        self.inside: tuple[str, ...] = ()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()

    def start(self) -> None:
        """Listens."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def close(self) -> None:
        """Ends every connection, and the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._door.close()
        self._loop.close()

    def cut(self) -> None:
        """Cuts every connection that is open."""
        self._loop.call_soon_threadsafe(self._cut)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._door)

    async def _shut(self) -> None:
        self._server.close()
        self._cut()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self.listens.split(":")
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.transport.abort()
            return
        asked: dict[int, int] = {}
        both = {writer, far_writer}
        self._open |= both
        ways = [asyncio.create_task(self._carry(reader, far_writer, asked, forth=True)),
                asyncio.create_task(self._carry(far_reader, writer, asked, forth=False))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= both
            for way in ways:
                way.cancel()
            for one in both:
                one.transport.abort()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int], *,
                     forth: bool) -> None:
        """Frames of one direction, in their order; they are read on while those before them are delayed."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1000)
        sender = asyncio.create_task(self._send(writer, waiting))
        free = 0.0
        now = asyncio.get_running_loop().time
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    frame = await _frame(reader)
                    harmed = self._request(frame, asked) if forth else self._answer(frame, asked)
                    if harmed is None:
                        continue
                    free = max(free, now()) + (len(harmed) / self.harm.rate if self.harm.rate else 0.0)
                    self.done["delayed"] += self.harm.delay > 0
                    await waiting.put((free + self.harm.delay, harmed))
        finally:
            sender.cancel()

    async def _send(self, writer: asyncio.StreamWriter, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        now = asyncio.get_running_loop().time
        with contextlib.suppress(ConnectionError):
            while True:
                due, frame = await waiting.get()
                await asyncio.sleep(max(0.0, due - now()))
                while self.harm.halted:
                    self.done["halted"] += 1
                    await asyncio.sleep(0.05)
                writer.write(frame)
                await writer.drain()

    def _request(self, frame: bytes, asked: dict[int, int]) -> bytes | None:
        """A request as it goes on; None if it vanishes.

        Raises:
            ConnectionResetError: the connection is cut here.
        """
        key, _, correlation = struct.unpack_from(">hhi", frame, 4)
        if key in self.harm.dropped:
            self.done["dropped"] += 1
            return None
        if self.harm.resets and self.random.random() < self.harm.resets:
            self.done["reset"] += 1
            raise ConnectionResetError
        asked[correlation] = key
        return frame

    def _answer(self, frame: bytes, asked: dict[int, int]) -> bytes:
        """An answer as it goes on."""
        (correlation,) = struct.unpack_from(">i", frame, 4)
        if asked.pop(correlation, None) != FETCH or not self.harm.flips or len(frame) < LARGE:
            return frame
        at = last_byte_of_a_batch(frame)
        if at is None:
            return frame
        self.harm.flips -= 1
        self.done["flipped"] += 1
        return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:]


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head))


def last_byte_of_a_batch(frame: bytes) -> int | None:
    """Where the first batch of records (format 2) in an answer ends; its checksum covers that byte."""
    at = -1
    while (at := frame.find(b"\2", at + 1)) != -1:
        begin = at - 16  # base offset 8, length 4, leader epoch 4, then the format
        if begin < 8:
            continue
        length = int.from_bytes(frame[begin + 8:begin + 12])
        size = int.from_bytes(frame[begin - 4:begin])
        if 49 <= length <= size - 12 and begin + size <= len(frame) + 1:
            return begin + 12 + length - 1
    return None
