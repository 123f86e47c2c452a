"""Deliveries as Alertmanager makes them, and a receiver on a clock of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.notify.judge import Patience
from streams.notify.memory import MemoryFile
from streams.notify.notebook import Notebook
from streams.notify.payload import Channel, Notification
from streams.notify.receiver import Receiver

PATIENCE = Patience(beat=120, confirm=90, release=1200)
BEGAN = 1_795_600_000.0  # 25/11/2026 16:46:40 +07:00
FLOOD = {"alertname": "RiverAboveBD3", "severity": "P1", "duty": "disaster", "station": "LC-L-0001"}
TEXTS = {"summary_vi": "Trạm thủy văn Lào Cai 84,10 m, vượt báo động 3 (83,50 m)", "summary_en": "Lao Cai 84.10 m",
         "runbook_url": "docs/runbooks/RiverAboveBD3.md"}


def alert(status: str = "firing", began: float = BEGAN, labels: Mapping[str, str] = FLOOD,
          texts: Mapping[str, str] = TEXTS, fingerprint: str = "f1") -> dict[str, Any]:
    """One alert."""
    return {"status": status, "labels": dict(labels), "annotations": dict(texts), "fingerprint": fingerprint,
            "startsAt": datetime.fromtimestamp(began, UTC).isoformat().replace("+00:00", "Z"),
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://127.0.0.1:9090/graph"}


def body(*alerts: dict[str, Any], truncated: int = 0) -> bytes:
    """One delivery."""
    return json.dumps({"version": "4", "groupKey": '{}:{alertname="RiverAboveBD3"}', "truncatedAlerts": truncated,
                       "status": "firing", "receiver": "oncall", "groupLabels": {}, "commonLabels": {},
                       "commonAnnotations": {}, "externalURL": "http://127.0.0.1:9093", "alerts": alerts}).encode()


@dataclass
class Scene:
    """A receiver, its folder and the time it is told."""

    folder: Path
    now: float = BEGAN + 2

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Starts the receiver, or starts it again on what it left."""
        self.receiver = Receiver(Notebook(self.folder), MemoryFile(self.folder / "memory.json"), PATIENCE,
                                 lambda: self.now)

    def sent(self, *alerts: dict[str, Any], channel: Channel = Channel.ONCALL, truncated: int = 0) -> list[str]:
        """Delivers, and answers the lines that came of it."""
        before = len(self.lines())
        self.receiver.take(channel, Notification.model_validate_json(body(*alerts, truncated=truncated)))
        return self.lines()[before:]

    def beat(self) -> list[str]:
        """A beat of the Watchdog, and the lines that came of it."""
        return self.sent(alert(labels={"alertname": "Watchdog", "severity": "none"}), channel=Channel.WATCHDOG)

    def passing(self, seconds: float, *, beats: bool) -> list[str]:
        """Time passes in steps of half a minute; the lines that came of it."""
        before, until = len(self.lines()), self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 30)
            self.receiver.tick()
            if beats:
                self.beat()
        return self.lines()[before:]

    def lines(self) -> list[str]:
        """Everything in both files, the rehearsals last."""
        files = [self.folder / name for name in ("notifications.log", "rehearsal.log")]
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
