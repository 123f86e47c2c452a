"""A snapshot means the same to the next process, and nothing but a snapshot is taken for one."""

import json
import subprocess
import sys

import cramjam
import pytest

from schemas.catalogue import load_feeds
from schemas.errors import SnapshotError
from streams.engine.fold import fold
from streams.engine.plan import fingerprint
from streams.engine.snapshot import dump, load
from tests.engine.toys import CASES, ROOT, batch, fresh, plan_of, record

PRINT = """
import json
from schemas.catalogue import load_feeds
from streams.engine.plan import fingerprint
print(json.dumps([fingerprint(kpi) for feed in load_feeds() for kpi in feed.kpis if kpi.windows]))
"""


def test_every_kpi_has_the_same_fingerprint_in_every_process_and_no_other_kpi_has_it() -> None:
    here = [fingerprint(kpi) for feed in load_feeds() for kpi in feed.kpis if kpi.windows]
    there = subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(there.stdout) == here
    for feed in load_feeds():
        own = [fingerprint(kpi) for kpi in feed.kpis if kpi.windows]
        assert len(set(own)) == len(own)


@pytest.mark.parametrize("data", [b"", b"garbage", bytes(cramjam.zstd.compress(b"XYZ\x01\0\0\0\0"))])
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(SnapshotError):
        load(plan_of(CASES.name), data)


def test_an_unknown_format_is_refused_by_its_number() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [record(CASES, 1, "received", "2026-01-05T08:00:00+07:00", case_id="a")]))
    raw = bytearray(bytes(cramjam.zstd.decompress(dump(plan, state))))
    raw[3] = 99
    with pytest.raises(SnapshotError, match="format 99"):
        load(plan, bytes(cramjam.zstd.compress(bytes(raw))))
