"""The profile measures what it says: the drain gives back the events stored, and each verdict follows its figures."""

from itertools import islice

from benchmarks.profile import BATCH, FORMER, Profile, drained, section, stored
from benchmarks.ysb import events

PARTS = ("pydantic", "fast", "decode", "ids", "memory", "panes", "rest", "fold", "snapshot_ms", "readings_ms")


def test_the_drain_gives_back_what_was_stored() -> None:
    values = list(islice(events.records(BATCH + 1500), BATCH + 1500))
    batches = drained(stored(values, 1_800_000_000_000))
    assert [value for batch in batches for value in batch.values] == values
    assert len(batches) > 1
    assert {stamp for batch in batches for stamp in batch.timestamps} == {1_800_000_000_000}


def test_a_feed_reaches_its_aim_at_half_of_the_former_fold() -> None:
    ysb = dict.fromkeys(("drain", "reader", "columns", "fold", "whole", "pydantic"), 1.0)
    feeds = {name: dict.fromkeys(PARTS, 1.0) | {"fold": times / 2 + (0.01 if name == "dossier" else -0.01)}
             for name, times in FORMER.items()}  # fmt: skip
    rows = [line for line in section(Profile(ysb, feeds), {}).splitlines() if "at most" in line and line[0] == "|"]
    assert [("dossier" in row) for row in rows] == [("not reached" in row) for row in rows]
    assert len(rows) == len(FORMER)
