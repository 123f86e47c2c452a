"""A small feed for tests of the worker, its events, and a program that runs a worker of this feed alone.

`PROBE_VERSION=7 python -m tests.worker.probe` takes its settings from the environment, as any program of ours does.
With PROBE_KILLER it ends at once, as after a fault in native code, when it reads an event that contains this text.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NotRequired

from pydantic import Field

from schemas import Count, Entity, Feed, Histogram, Kpi, Payload, Rolling, Sum, Text
from schemas.decode import Decoder
from schemas.errors import IocError
from schemas.labels import Id
from schemas.reference import Reference, load_reference
from streams.engine.batch import Batch
from streams.engine.plan import Plan

ROOT = Path(__file__).parents[2]
SOURCE = "//laocai.gov.vn/1022/phananh"


class Reported(Payload):
    """One report of a thing."""

    thing_id: Id
    weight: NotRequired[Annotated[int, Field(ge=0, le=1000)]]


HOURS = Rolling(timedelta(hours=1), step=timedelta(minutes=1))


def feed(version: int = 1) -> Feed:
    """The feed; another version has a topic of its own."""
    return Feed(
        name="feedback", version=version, title=Text("Thử", "Probe"), payload=Reported, actions=("reported",),
        key="thing_id", every=timedelta(minutes=1), duty="1022",
        entity=Entity("thing_id", remembers=("weight",)),
        kpis=(
            Kpi("reports", Text("Số báo cáo", "Reports"), Count(), over=HOURS),
            Kpi("weight", Text("Tổng", "Total"), Sum("weight"), over=HOURS),
            Kpi("sizes", Text("Cỡ", "Sizes"), Histogram("weight", bounds=(10, 100)), over=HOURS),
        ),
        example=json.loads(event(1, version=version)),
    )


def event(number: int, *, thing: str = "a", weight: int = 1, version: int = 1, at: datetime | None = None,
          **changes: Any) -> bytes:
    """The value of one event."""
    time = at or datetime(2026, 1, 5, 1, tzinfo=UTC) + timedelta(seconds=number)
    return json.dumps({"specversion": "1.0", "id": f"e{number}", "source": SOURCE, "agency": "1022",
                       "type": f"vn.laocai.feedback.reported.v{version}", "time": time.isoformat(),
                       "data": {"thing_id": thing, "weight": weight}} | changes).encode()


def reference() -> Reference:
    """The province's reference data."""
    return load_reference(ROOT / "reference")


def plan() -> Plan:
    """The feed, compiled."""
    return Plan(feed(), reference())


def batch(first: int, values: list[bytes | None], *, key: bytes | None = b"a", partition: int = 0) -> Batch:
    """A batch of the feed's topic as the transport gives it."""
    offsets = list(range(first, first + len(values)))
    return Batch("ioc.feedback.v1", partition, first, first + len(values), offsets,
                 [1_767_600_000_000 + offset * 1000 for offset in offsets], [key] * len(values), values)


def plant(killer: bytes) -> None:
    """Makes whatever contains this text deadly to its reader."""
    decode = Decoder.decode

    def deadly(self: Decoder, value: bytes | None) -> Any:
        if value is not None and killer in value:
            os._exit(139)
        return decode(self, value)

    setattr(Decoder, "decode", deadly)  # noqa: B010  # a method is not assigned to


def main() -> int:
    """Runs the worker until it is told to stop."""
    from streams.settings import load_settings  # noqa: PLC0415
    from streams.worker.app import serve  # noqa: PLC0415

    if killer := os.environ.get("PROBE_KILLER"):
        plant(killer.encode())
    try:
        return serve(load_settings(), (feed(int(os.environ["PROBE_VERSION"])),), reference())
    except IocError as error:
        sys.stderr.write(f"ioc: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
