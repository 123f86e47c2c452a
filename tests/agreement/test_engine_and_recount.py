"""Two programs that share nothing but the declarations come to the same fates and numbers, on logs nobody chose."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import load_feeds
from schemas.event import millis
from schemas.feed import Feed
from schemas.hints import bare
from schemas.reference import load_reference
from streams.engine.batch import Batch
from streams.engine.fold import Folded, fold
from streams.engine.plan import Plan
from streams.engine.readings import readings
from streams.engine.state import State
from streams.engine.watermark import advance
from streams.recount.command import load_schema
from streams.recount.judge import PRESENT, Shown, compare
from streams.recount.kpis import series
from streams.recount.lanes import Replay
from streams.recount.validity import Examiner, Record
from streams.recount.worktime import load_worktime
from tests.bare import BARE
from tests.engine.toys import ROOT, stamp
from tools.published import schema

HOME = [ROOT / "reference", ROOT / "reference" / "foreign"]
REFERENCE = load_reference(*HOME)
WORKTIME = load_worktime(REFERENCE, HOME)
START = millis("2026-01-28T16:00:00+07:00")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HORIZON, FUTURE, LARGEST = HOUR, 300_000, 262_144

moments = st.one_of(
    st.integers(0, 200).map(lambda minutes: START + minutes * MINUTE),
    st.integers(-60 * 24, 60 * 24).map(lambda hours: START + hours * HOUR + 7),
)
entities = ("a", "b", "c")
FEEDS = {feed.name: feed for feed in (*load_feeds(), *BARE)}


@cache
def listed(name: str) -> tuple[str, ...]:
    """A few ids of a list, and rarely one that is not in it."""
    return (*[row for row in sorted(REFERENCE.values(name)) if REFERENCE.known(name, row, START)][:3] * 6, "nobody")


WRITTEN: Mapping[str, Callable[[int], Any]] = {"rfc3339": stamp, "millis": int, "digits": str}


def values(feed: Feed, name: str) -> st.SearchStrategy[Any]:
    """Plausible values of a field, and some at the edge."""
    hint = feed.hints[name]
    if (found := feed.listed(name)) is not None:
        return st.sampled_from(listed(found.name))
    if name in feed.forms:
        return moments.map(WRITTEN[feed.forms[name]])
    kind = bare(hint)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.sampled_from([1, 2, 5, 5, 59, 600])
    if kind is float:
        return st.sampled_from([0.0, 0.15, 0.4, 0.75, 1.0, 1.0])
    return st.sampled_from(entities)


def payloads(feed: Feed) -> st.SearchStrategy[dict[str, Any]]:
    """Data with the fields it must have and any of those it may have."""
    must = {name: values(feed, name) for name in feed.payload.__required_keys__}
    may = {name: values(feed, name) for name in feed.payload.__optional_keys__}
    return st.fixed_dictionaries(must, optional=may)


def bare_events(feed: Feed) -> st.SearchStrategy[tuple[int, bytes | None, bytes | None]]:
    """Records without an envelope: (append stamp, key, value); most are good, some are not."""

    def record(data: dict[str, Any], at: int, lag: int, more: Mapping[str, Any], fault: int
               ) -> tuple[int, bytes | None, bytes | None]:
        body = {**data, feed.bare or "": WRITTEN[feed.forms[feed.bare or ""]](at), **more}
        key = str(body[feed.key]).encode() if feed.key else None
        value: bytes | None = json.dumps([body] if fault == 4 else body).encode()
        if fault == 1:
            key = b"elsewhere"
        elif fault == 2:
            value = (value or b"")[:-3]
        elif fault == 3:
            value = None
        elif fault == 5:
            value = b"[1e999]"
        return max(at + lag, START), key, value

    return st.builds(
        record,
        payloads(feed),
        moments,
        st.sampled_from([0, 0, 0, 1500, 90_000, 90_000, -200_000, -400_000]),
        st.sampled_from([*[{}] * 12, {"surprise": 1}, {feed.bare or "": "soon"}, {feed.bare or "": 5.0},
                         {feed.bare or "": "2026-02-30T08:00:00Z"}, {feed.bare or "": -1}]),
        st.sampled_from([0] * 12 + [1, 2, 3, 4, 5]),
    )


def events(feed: Feed) -> st.SearchStrategy[tuple[int, bytes | None, bytes | None]]:
    """Records of a feed: (append stamp, key, value); most are good, some are not."""
    if feed.bare is not None:
        return bare_events(feed)
    sources = [row.source for row in REFERENCE.sources.rows if feed.name in row.feeds]

    def record(
        number: int,
        action: str,
        source: str,
        at: int,
        lag: int,
        data: dict[str, Any],
        more: Mapping[str, Any],
        fault: int,
    ) -> tuple[int, bytes | None, bytes | None]:
        body = {
            **feed.example,
            "id": f"e{number}",
            "source": source,
            "time": stamp(at),
            "type": f"vn.laocai.{feed.name}.{action}.v1",
            "data": data,
            **more,
        }
        for name in ("adminunit", "adminversion"):
            if name not in more:
                body.pop(name, None)
        key: bytes | None = str(data[feed.key]).encode()
        value: bytes | None = json.dumps(body).encode()
        if fault == 1:
            key = b"elsewhere"
        elif fault == 2:
            value = (value or b"")[:-3]
        elif fault == 3:
            key = value = None
        return max(at + lag, START), key, value

    return st.builds(
        record,
        st.integers(0, 25),
        st.sampled_from(feed.actions),
        st.sampled_from([*sources * 5, "//laocai.gov.vn/nobody"]),
        moments,
        st.sampled_from([0, 0, 0, 1500, 90_000, 90_000, -200_000, -400_000]),
        payloads(feed),
        st.sampled_from(
            [
                *[{}, {"provenance": "replay"}, {"adminunit": "02647", "adminversion": "2025"}, {"adminunit": "02647"}]
                * 4,
                {"adminunit": "99999"},
                {"agency": "nobody"},
                {"dataschema": "urn:ioc:other:1"},
                {"surprise": 1},
            ]
        ),
        st.sampled_from([0] * 12 + [1, 2, 3]),
    )


@cache
def plan_of(name: str) -> Plan:
    """The feed as the engine sees it."""
    return Plan(FEEDS[name], REFERENCE, horizon_ms=HORIZON, future_ms=FUTURE, max_bytes=LARGEST)


@cache
def examiner_of(name: str) -> Examiner:
    """The feed as the recount sees it."""
    feed = FEEDS[name]
    published = schema(feed) if feed in BARE else load_schema(feed)
    return Examiner(feed, REFERENCE, published, max_bytes=LARGEST, future_ms=FUTURE)


def shown(plan: Plan, state: State) -> Shown:
    """What a page would say of the partition."""
    found = Shown("test", (state.topic, 0), state.next_offset, 0)
    for reading in readings(plan, state):
        labels = dict(reading.labels)
        key = series(reading.name, labels)
        if reading.name == PRESENT:
            found.presents[labels["provenance"]] = round(reading.value * 1000)
        elif reading.name != "ioc_next_offset":
            assert key not in found.numbers, f"{key} stands twice"
            found.numbers[key] = reading.value
    return found


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_engine_and_recount_agree(feed: Feed, data: st.DataObject) -> None:
    log = sorted(data.draw(st.lists(events(feed), max_size=25)), key=lambda row: row[0])
    pause = data.draw(st.sampled_from([0, 6000, 3 * HOUR, 3 * DAY, 40 * DAY]))
    plan, state, folded = plan_of(feed.name), State(feed.topic, 0, horizon_ms=HORIZON), []
    for offset, (append, key, value) in enumerate(log):
        folded.append(fold(plan, state, Batch(feed.topic, 0, offset, offset + 1, [offset], [append], [key], [value])))
    if log and pause:
        advance(state, log[-1][0] + pause, 5000)
    replay = Replay(feed, REFERENCE, WORKTIME, examiner_of(feed.name), HORIZON)
    replay.read([Record(offset, *row) for offset, row in enumerate(log)])
    assert [fate_of(each) for each in folded] == list(replay.fates.values())
    for each in folded:
        for letter in each.dead_letters:
            assert letter.reason in replay.dead[letter.offset].reasons
    page = shown(plan, state)
    page.read_at = (log[-1][0] if log else START) + pause
    differences, _ = compare(page, replay)
    assert not differences, "\n".join(difference.text for difference in differences)


def fate_of(folded: Folded) -> str:
    """The fate of the one record of a batch."""
    [(_, fate)] = folded.fates
    return str(fate)
