"""Which feeds a worker reads fast: the setting, and what is said of a feed that stays with pydantic."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from schemas.errors import SettingError
from schemas.feed import Feed
from streams.settings import Settings, load_settings
from streams.worker.app import create_app, plan_of, readers_of
from tests.worker import probe

FEED = probe.feed()
REFERENCE = probe.reference()


def why(setting: str, feed: Feed = FEED) -> str:
    settings = Settings(fast_reader=setting)
    return plan_of(feed, REFERENCE, settings, readers_of(settings, [feed])).decoder.reader.why


def test_every_feed_is_read_fast_unless_it_is_said_otherwise() -> None:
    assert Settings().fast_reader == "all"
    assert (why("all"), why("feedback")) == ("", "")
    assert why("off") == "switched off"


def test_a_feed_that_is_not_named_is_switched_off() -> None:
    settings = Settings(fast_reader="dossier")
    dossier = replace(FEED, name="dossier", example={**FEED.example, "type": "vn.laocai.dossier.reported.v1"})
    readers = readers_of(settings, [FEED, dossier])
    assert plan_of(FEED, REFERENCE, settings, readers).decoder.reader.why == "switched off"
    assert plan_of(dossier, REFERENCE, settings, readers).decoder.reader.why == ""


def test_a_feed_that_there_is_not_is_named_with_those_there_are() -> None:
    said = "there is no feed hydromat; allowed are all, off, or of feedback any, with commas between"
    with pytest.raises(SettingError, match=f"^IOC_FAST_READER='feedback,hydromat': {said}$"):
        create_app(Settings(fast_reader="feedback,hydromat"), [FEED], REFERENCE)


@pytest.mark.parametrize("wrong", ["", "All", "a b", "a,,b", "yes;no"])
def test_a_wrong_form_names_what_is_allowed(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_FAST_READER", wrong)
    with pytest.raises(SettingError, match=f"^IOC_FAST_READER={wrong!r}: .*`all`, `off`, or names"):
        load_settings()


def test_a_feed_beyond_the_fast_reader_is_told_once_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    class Listing(probe.Reported):
        """With a list, which the fast reader does not know."""

        things: list[str]

    example: dict[str, Any] = {**FEED.example, "data": {**FEED.example["data"], "things": []}}
    with caplog.at_level(logging.WARNING):
        assert why("off", replace(FEED, payload=Listing, example=example)) == "switched off"
        assert caplog.messages == []
        assert why("all", replace(FEED, payload=Listing, example=example)) == "/data/things: list is not known here"
    assert caplog.messages == ["feed feedback is read by pydantic alone: /data/things: list is not known here"]


def test_a_difference_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings()
    reader = plan_of(FEED, REFERENCE, settings, readers_of(settings, [FEED])).decoder.reader
    reader._parts = lambda value: ()
    with caplog.at_level(logging.ERROR):
        reader.read(probe.event(1))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "feed feedback" in caplog.text
    assert "'e1'" in caplog.text
