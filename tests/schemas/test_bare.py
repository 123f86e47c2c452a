"""Feeds without an envelope: what may be declared, how records are read, what reference data give them."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from schemas import All, Check, Entity, EpochText, Id, Is, Listed, Payload, Share, Text
from schemas.bare import BareDecoder, decoder, looked_at
from schemas.catalogue import load_feeds
from schemas.decode import Decoder, Event
from schemas.errors import DeclarationError, Reason, Rejection
from schemas.feed import Feed
from schemas.reference import load_reference
from schemas.reference.rows import Row
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.engine.state import State
from tests.bare import CLICKS, LEVELS

ROOT = Path(__file__).parents[2]
REFERENCE = load_reference(ROOT / "reference")
AT = 1_767_600_000_000


def read(feed: Feed, **changes: Any) -> Event | Rejection:
    """The example, changed; None takes a field out."""
    body = {name: value for name, value in {**feed.example, **changes}.items() if value is not None}
    return decoder(feed, REFERENCE).decode(json.dumps(body).encode())


def test_the_payload_is_the_record_and_the_topic_its_source() -> None:
    event = read(CLICKS)

    assert isinstance(event, Event)
    assert (event.source, event.id, event.provenance, event.action, event.time) == (
        CLICKS.topic, "", "real", "clicked", AT)
    river = REFERENCE.stations.by_id["LC-R-0042"][0].river
    assert "page" not in event.row, "nothing depends on it"
    assert event.row == {"station": "LC-R-0042", "kind": "view", "happened": AT, "action": "clicked",
                         "time": AT, "source": CLICKS.topic, "river": river}


@pytest.mark.parametrize(("feed", "form", "value"), [
    (CLICKS, "happened", "1767600000000"), (LEVELS, "measured", AT), (LEVELS, "checked", "2026-01-05T15:00:00+07:00"),
])  # fmt: skip
def test_a_moment_has_one_of_three_forms(feed: Feed, form: str, value: object) -> None:
    event = read(feed, **{form: value})

    assert isinstance(event, Event)
    assert event.row[form] == AT


@pytest.mark.parametrize(("feed", "changes", "pointer"), [
    (CLICKS, {"happened": AT}, "/happened"), (CLICKS, {"happened": "-1"}, "/happened"),
    (CLICKS, {"happened": "1767600000000\n"}, "/happened"), (CLICKS, {"happened": "123456789012345"}, "/happened"),
    (CLICKS, {"happened": ""}, "/happened"), (CLICKS, {"happened": "١٢٣"}, "/happened"),
    (CLICKS, {"happened": None}, "/happened"),
    (LEVELS, {"measured": str(AT)}, "/measured"), (LEVELS, {"measured": -1}, "/measured"),
    (LEVELS, {"measured": 10**14}, "/measured"),
    (LEVELS, {"measured": 5.0}, "/measured"), (LEVELS, {"measured": True}, "/measured"),
    (LEVELS, {"checked": "2026-02-30T08:00:00Z"}, "/checked"), (CLICKS, {"colour": "red"}, "/colour"),
    (CLICKS, {"kind": "hover"}, "/kind"),
])  # fmt: skip
def test_whatever_else_is_a_breach_of_the_schema(feed: Feed, changes: dict[str, Any], pointer: str) -> None:
    found = read(feed, **changes)

    assert isinstance(found, Rejection)
    assert (found.reason, found.pointer) == (Reason.SCHEMA_VIOLATION, pointer)


@pytest.mark.parametrize(("value", "reason"), [
    (None, Reason.NOT_JSON), (b"{", Reason.NOT_JSON), (b"[]", Reason.SCHEMA_VIOLATION),
    (b'"x"', Reason.SCHEMA_VIOLATION),
    (b'{"station_id": "LC-R-0042", "level_m": 1e999, "measured": 1}', Reason.NOT_FINITE),
    (b" " * 300_000, Reason.TOO_LARGE),
])  # fmt: skip
def test_what_is_no_record_at_all(value: bytes | None, reason: Reason) -> None:
    found = decoder(LEVELS, REFERENCE).decode(value)

    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert decoder(LEVELS, REFERENCE).label(value) == (LEVELS.topic, "real")


def test_a_list_that_is_law_refuses_and_another_flags() -> None:
    refused, flagged = read(LEVELS, station_id="nobody"), read(CLICKS, station="nobody", amount=101)

    assert refused == Rejection(Reason.UNKNOWN_ENTITY, "/station_id", "'nobody' is not in stations")
    assert isinstance(flagged, Event)
    assert flagged.flags == ("unlisted", "out_of_range")
    assert (flagged.row["station"], flagged.row["river"]) == ("other", "other")


def test_what_a_list_gives_is_empty_without_the_field() -> None:
    event = read(CLICKS, station=None)

    assert isinstance(event, Event)
    assert event.row["river"] == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ad(Row):
    """An advertisement and the campaign it belongs to."""

    KEY = ("ad",)
    ad: str
    campaign: str


class Seen(Payload):
    """Somebody saw it."""

    ad_id: Annotated[Id, Listed("ads", gives=("campaign",))]
    at: EpochText


SEEN = replace(CLICKS, name="toyseen", payload=Seen, bare="at", kpis=(), example={"ad_id": "a", "at": "0"},
               lists={"ads": Ad})  # fmt: skip


def test_a_list_of_the_feeds_own_is_read_and_joined_as_it_stood_at_the_event(tmp_path: Path) -> None:
    _with_ads(tmp_path, "a,one,2026-01-01,2026-01-05T15:00:00,test,assumed", "a,two,2026-01-05T15:00:00,,test,assumed")
    reference = load_reference(tmp_path, lists=SEEN.lists)
    reader = decoder(SEEN, reference)

    found = [reader.decode(json.dumps({"ad_id": ad, "at": str(at)}).encode())
             for ad, at in (("a", AT - 1), ("a", AT), ("b", AT), ("a", 0))]

    assert [event.row["campaign"] for event in found if isinstance(event, Event)] == ["one", "two", "other", "other"]
    with pytest.raises(DeclarationError, match=r"ads\.csv in .* is no list"):
        load_reference(tmp_path)
    (tmp_path / "ads.csv").unlink()
    with pytest.raises(DeclarationError, match=r"ads\.csv is missing"):
        load_reference(tmp_path, lists=SEEN.lists)


def _with_ads(folder: Path, *lines: str) -> None:
    for path in (ROOT / "reference").iterdir():
        if path.name != "foreign":
            (folder / path.name).symlink_to(path)
    (folder / "ads.csv").write_text("\n".join(["ad,campaign,valid_from,valid_to,basis,status", *lines]))


@pytest.mark.parametrize(("change", "fault"), [
    ({"bare": "page"}, "'page' is no time that every Click has"),
    ({"actions": ("seen", "clicked")}, "has no envelope that could tell its actions"),
    ({"key": "pages"}, "the key 'pages' is no field of Click"),
    ({"checks": (Check(lambda row, before: False, Text("ngờ", "doubt")),)}, "has checks, but remembers no entity"),
    ({"payload": Seen, "bare": "at"}, "'campaign' is no column of text of the list 'ads'"),
    ({"example": {"page": 1}}, "the example is no event: /page"),
])  # fmt: skip
def test_a_wrong_declaration_is_named(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(DeclarationError, match=fault):
        replace(CLICKS, **change)


def test_a_key_may_lack_only_without_envelope_and_entity() -> None:
    with pytest.raises(DeclarationError, match="the key '' is no field"):
        replace(LEVELS, key="")
    with pytest.raises(DeclarationError, match="the key '' is no field"):
        replace(load_feeds()[0], key="")


def test_a_kpi_cannot_name_what_only_an_envelope_tells() -> None:
    with pytest.raises(DeclarationError, match=r"Click has no \['agency'\]"):
        replace(CLICKS, kpis=(replace(CLICKS.kpis[0], by=("agency",)),))


def test_no_repeats_are_recognised_and_the_key_is_not_asked() -> None:
    plan, state = Plan(CLICKS, REFERENCE), State(CLICKS.topic, 0)
    value = json.dumps(CLICKS.example).encode()

    folded = fold(plan, state, Batch(CLICKS.topic, 0, 0, 2, [0, 1], [AT, AT], [None, b"any"], [value, value]))

    assert dict(folded.fates) == {(CLICKS.topic, "accepted"): 2}
    assert len(state.duplicates) == 0


def test_a_feed_keyed_by_its_entity_asks_for_the_key() -> None:
    plan, state = Plan(LEVELS, REFERENCE), State(LEVELS.topic, 0)
    value = json.dumps(LEVELS.example).encode()

    folded = fold(plan, state, Batch(LEVELS.topic, 0, 0, 1, [0], [AT], [b"LC-R-0001"], [value]))

    assert [(letter.reason, letter.pointer) for letter in folded.dead_letters] == [(Reason.WRONG_KEY, "/station_id")]


def doubtful(row: Any, before: Any = None) -> bool:
    """A function of a feed's file: it may look at any field."""
    return "page" in row


def test_only_fields_that_something_may_depend_on_are_taken_out_of_a_record() -> None:
    assert looked_at(CLICKS) == ("station", "kind", "amount", "happened")
    share = replace(CLICKS.kpis[0], aggregate=Share(doubtful))
    asked = replace(CLICKS.kpis[0], where=All(Is("kind", "view"), doubtful))
    for kpi in (share, asked):
        assert looked_at(replace(CLICKS, kpis=(kpi,))) == ("page", "station", "kind", "amount", "happened")
    plain = replace(LEVELS, kpis=(), entity=Entity("station_id", remembers=()))
    assert looked_at(plain) == ("station_id", "measured", "checked")
    assert looked_at(replace(plain, checks=(Check(doubtful, Text("ngờ", "doubt")),))) == tuple(LEVELS.hints)


def test_each_feed_has_its_reader() -> None:
    assert type(decoder(CLICKS, REFERENCE)) is BareDecoder
    assert {type(decoder(feed, REFERENCE)) for feed in load_feeds()} == {Decoder}


def test_feeds_of_another_folder_are_loaded_by_path(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text("from dataclasses import replace\nfrom tests.bare import CLICKS\n"
                                      "FEED = replace(CLICKS, name='ours')\n")
    assert [feed.topic for feed in load_feeds(str(tmp_path))] == ["ioc.ours.v1"]

    (tmp_path / "theirs.py").write_text("FEED = 1\n")
    load_feeds.cache_clear()
    with pytest.raises(DeclarationError, match=r"theirs\.py declares no FEED"):
        load_feeds(str(tmp_path))
    with pytest.raises(DeclarationError, match=r"the folder of feeds .* does not exist"):
        load_feeds(str(tmp_path / "nowhere"))
