"""What Alertmanager sends to a webhook, version 4; only the fields that are used, everything bounded."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Short = Annotated[str, StringConstraints(max_length=4_000)]
Words = Annotated[dict[Short, Short], Field(max_length=60)]


class Channel(StrEnum):
    """Where a route of deploy/alertmanager/alertmanager.yml ends."""

    ONCALL = "oncall"
    DESK = "desk"
    LOG = "log"
    REHEARSAL = "rehearsal"
    """Replayed and simulated data: never reaches the people on call."""
    WATCHDOG = "watchdog"
    """The alert that always fires: its beats say that Prometheus still judges."""


class Alert(BaseModel):
    """One alert of a notification."""

    model_config = ConfigDict(frozen=True)

    status: Literal["firing", "resolved"]
    labels: Words
    annotations: Words
    started: Annotated[AwareDatetime, Field(alias="startsAt")]
    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=64)]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "")

    def told(self, word: str) -> str:
        """An annotation in Vietnamese; the one without a language where there is no Vietnamese one."""
        return self.annotations.get(f"{word}_vi") or self.annotations.get(word, "")


class Notification(BaseModel):
    """One group of alerts, as it is delivered."""

    model_config = ConfigDict(frozen=True)

    version: Literal["4"]
    group: Annotated[str, Field(alias="groupKey", max_length=4_000)]
    alerts: Annotated[list[Alert], Field(max_length=1_000)]
    truncated: Annotated[int, Field(alias="truncatedAlerts", ge=0)] = 0

    def newest(self) -> datetime | None:
        """When the youngest of its alerts began."""
        return max((alert.started for alert in self.alerts), default=None)
