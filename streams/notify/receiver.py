"""Joins judgement, files and figures; one thing at a time, durable before anybody is answered."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from streams.notify import judge
from streams.notify.judge import Patience, Verdict
from streams.notify.memory import Memory, MemoryFile
from streams.notify.notebook import Notebook
from streams.notify.payload import Channel, Notification
from streams.notify.telemetry import Telemetry

log = logging.getLogger(__name__)


class Receiver:
    """What the webhook and the clock act upon; `clock` answers wall seconds."""

    def __init__(self, notebook: Notebook, file: MemoryFile, patience: Patience, clock: Callable[[], float]) -> None:
        self._notebook = notebook
        self._file = file
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self.telemetry = Telemetry()
        loaded = file.load()
        # what Prometheus did while nobody listened is not known
        self._memory = Memory(told=loaded.told, beat=loaded.beat, lost_since=loaded.lost_since)

    def take(self, channel: Channel, sent: Notification) -> Verdict:
        """One delivery of Alertmanager.

        Raises:
            OSError: it cannot be written down; nothing has changed, Alertmanager has to send it again.
        """
        with self._lock:
            now = self._clock()
            if channel is Channel.WATCHDOG:
                beats = any(alert.status == "firing" for alert in sent.alerts)
                return self._keep(judge.beat(self._memory, self._patience, now) if beats else Verdict(self._memory))
            verdict = self._keep(judge.deliver(self._memory, channel, sent, now))
            if verdict.lines and (began := sent.newest()):
                self.telemetry.delay.observe(max(0.0, now - began.timestamp()))
            return verdict

    def tick(self) -> None:
        """Time passes; what cannot be written now is tried again at the next tick."""
        with self._lock:
            try:
                self._keep(judge.silence(self._memory, self._patience, self._clock(), listening_since=self._started))
            except OSError as error:
                log.error("cannot be written down: %s", error)

    def metrics(self) -> bytes:
        """The text of /metrics."""
        with self._lock:
            return self.telemetry.page(self._memory)

    def health(self) -> dict[str, Any]:
        """How it fares, for people and for `ioc check`."""
        with self._lock:
            memory = self._memory
        lost = memory.lost_since is not None
        heard = memory.beat is not None and memory.beat >= self._started
        return {"live": True, "watchdog": "lost" if lost else "beats" if heard else "not heard yet",
                "kept_back": len(memory.having("kept")), "waiting": len(memory.having("ending")),
                "file": str(self._notebook.real), "rehearsal": str(self._notebook.rehearsal)}

    def _keep(self, verdict: Verdict) -> Verdict:
        if verdict.memory is self._memory:
            return verdict
        try:
            self._notebook.write(verdict.lines)
            self._file.save(verdict.memory)
        except OSError:
            self.telemetry.failed.inc()
            raise
        self._memory = verdict.memory
        self.telemetry.count(verdict.outcomes)
        return verdict
