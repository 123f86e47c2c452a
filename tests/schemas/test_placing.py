"""Answers remembered are those that the reference data give at the moment, whatever was asked before."""

from dataclasses import replace
from random import Random

import pytest

from schemas.decode import Decoder, Event
from schemas.errors import Reason, Rejection
from schemas.placing import Placed, Placing
from schemas.reference import load_reference
from schemas.reference.rows import FOREVER
from tests.engine.toys import ROOT, STATIONS
from tests.reader.documents import encode

SOURCE, AGENCY, DAY = STATIONS.example["source"], STATIONS.example["agency"], 86_400_000
UNIT = ("2025", "02647")
YEARS = range(1_600_000_000_000, 1_900_000_000_000, 30 * DAY)


def changing() -> tuple[Placing, Placing]:
    """Two alike: a source and an agency that were away for a while, a unit abolished, a version that began later."""
    reference = load_reference(ROOT / "reference")
    first, second = reference.versions
    reference = replace(
        reference,
        versions=(first, replace(second, valid_from=YEARS[66] + 7)),
        units={**reference.units, UNIT: reference.units[UNIT]._replace(valid_to=YEARS[62] + 9)},
    )
    rows = reference.sources.by_id[SOURCE]
    parts = [(-FOREVER, YEARS[20]), (YEARS[30], YEARS[70]), (YEARS[80] + 1, FOREVER)]
    made = tuple(replace(rows[0], feeds=("toystation",), valid_from=since, valid_to=until) for since, until in parts)
    reference.sources.by_id = {**reference.sources.by_id, SOURCE: made}
    reference.agencies.spans = {**reference.agencies.spans, AGENCY: ((YEARS[10], YEARS[40]), (YEARS[50], FOREVER))}
    return Placing("toystation", reference), Placing("toystation", reference)


def test_an_answer_is_that_of_its_moment_in_whatever_order_it_is_asked() -> None:
    placing, fresh = changing()
    turns = (*YEARS, YEARS[66] + 7, YEARS[62] + 9, *fresh._edges[1:-1])
    moments = [moment + more for moment in turns for more in (-1, 0, 1)]
    units = (None, None), ("02647", None), ("02647", "2025"), ("02647", "2023"), ("99999", None)
    asked = [(agency, *unit, moment) for moment in moments for agency in (AGENCY, "nobody") for unit in units]
    Random(1).shuffle(asked)
    reused, refused = 0, set()
    for agency, unit, version, moment in asked:
        kept: Placed | Rejection | None = placing.known.get((SOURCE, agency, unit, version))
        if isinstance(kept, Placed) and kept.since <= moment < kept.until:
            reused += 1
        else:
            kept = placing.place(SOURCE, agency, unit, version, moment)
        assert kept == fresh.place(SOURCE, agency, unit, version, moment)
        if isinstance(kept, Rejection):
            refused.add(kept.reason)
    assert reused > 50
    assert refused == {Reason.UNKNOWN_SOURCE, Reason.UNKNOWN_COMMUNE}


@pytest.mark.parametrize("said", [("//x", AGENCY, None), (SOURCE, "nobody", None), (SOURCE, AGENCY, "99999")])
def test_what_is_in_no_list_is_not_remembered(said: tuple[str, str, str | None]) -> None:
    placing, _ = changing()
    placing.place(*said, None, YEARS[75])
    placing.place(*said, None, YEARS[60])
    assert placing.known == {}


def test_the_decoder_asks_again_when_the_moment_is_another() -> None:
    reference = load_reference(ROOT / "reference")
    row = replace(reference.sources.by_id[SOURCE][0], feeds=("toystation",), valid_from=1_767_574_800_000)
    reference.sources.by_id = {**reference.sources.by_id, SOURCE: (row,)}
    decoder = Decoder(STATIONS, reference)
    for _ in range(2):
        assert isinstance(decoder.decode(encode(STATIONS.example)), Event)
        early = decoder.decode(encode({**STATIONS.example, "time": "2026-01-05T07:59:59.999+07:00"}))
        assert isinstance(early, Rejection)
        assert early.reason == Reason.UNKNOWN_SOURCE
