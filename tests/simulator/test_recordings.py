"""The real files become events of our feeds; each trap of the data is met as it lies in the file."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import load_feeds
from streams.simulator.recordings import dossiers, feedback
from streams.simulator.recordings.gateway_status import difference, read
from streams.simulator.recordings.library import find
from streams.simulator.recordings.recording import Recording, RecordingError

Read = Callable[[str], Recording]
Rows = Callable[[str], list[Mapping[str, Any]]]
FOLDERS = ("dossiers", "feedback", "river_level", "gateway_status")
MINUTE = 60_000


def lines(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob("*.csv")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_mapped_event_passes_the_door_of_the_engine(folder: str, rows: Rows, recorded: Read) -> None:
    assert len(rows(folder)) == len(recorded(folder).events) > 1000


@pytest.mark.parametrize("folder", FOLDERS)
def test_ids_are_unique_and_times_in_order(folder: str, recorded: Read) -> None:
    events = recorded(folder).events
    assert len({event.id for event in events}) == len(events)
    assert all(before.at <= after.at for before, after in pairwise(events))


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_foreign_counts_as_other(folder: str, decoded: Callable[[str], list[Any]]) -> None:
    assert not [answer for answer in decoded(folder) if "unlisted" in answer.flags]


def test_t44_times_of_every_precision_and_offset_are_read(recorded: Read, data: Path) -> None:
    texts = {row["case:deadline"] for row in lines(data / "dossiers")}
    assert any("." in text for text in texts)
    assert any("." not in text for text in texts)
    received = [event for event in recorded("dossiers").events if event.action == "received"]
    assert len(received) == 1434
    assert all("due_at" in event.data for event in received)


def test_t44_the_hour_on_the_wall_stays() -> None:
    summer, winter = dossiers.moment("2011-10-11 13:42:22.688000+02:00"), dossiers.moment("2011-12-06 13:42:22+01:00")
    assert (summer + 7 * 3_600_000) // MINUTE % 1440 == (winter + 7 * 3_600_000) // MINUTE % 1440 == 13 * 60 + 42


def test_t45_a_case_is_played_in_order_of_time_although_the_file_is_grouped_by_case(recorded: Read, data: Path) -> None:
    file = [row["time:timestamp"] for row in lines(data / "dossiers")]
    assert file != sorted(file)
    accepted = [event.at for event in recorded("dossiers").events if event.action == "accepted"]
    assert accepted == sorted(accepted)
    assert len(accepted) == 1434


def test_t46_dossiers_without_end_stay_open(recorded: Read) -> None:
    recording = recorded("dossiers")
    ends = {event.data["dossier_id"] for event in recording.events if event.action == "resolved"}
    assert len(ends) == 1329
    assert recording.unmapped["no end date: the dossier stays open"] == 105


def test_late_dossiers_are_as_many_as_in_the_file(recorded: Read) -> None:
    due: dict[str, tuple[int, int]] = {}
    late: Counter[str] = Counter()
    for event in sorted(recorded("dossiers").events, key=lambda event: event.action != "received"):
        if event.action == "received":
            due[event.data["dossier_id"]] = (event.data["original_due_at"], event.data["due_at"])
        elif event.action == "resolved":
            original, extended = due[event.data["dossier_id"]]
            late.update(original=event.at > original, extended=event.at > extended)
    assert late == {"original": 389, "extended": 377}


def test_t47_twelve_reports_are_closed_before_they_are_received(recorded: Read) -> None:
    created = {event.data["report_id"]: event.at for event in recorded("feedback").events if event.action == "received"}
    ends = [event for event in recorded("feedback").events if event.action in ("resolved", "rejected")]
    assert sum(event.at < created[event.data["report_id"]] for event in ends) == 12
    assert len(created) == 9999
    assert len(ends) == 9994


def test_feedback_times_are_the_hours_on_the_wall() -> None:
    assert (feedback.moment("12/31/2017 11:59:58 PM") + 7 * 3_600_000) % 86_400_000 == 86_398_000


def test_feedback_sends_no_place_outside_the_province(recorded: Read) -> None:
    assert not [event for event in recorded("feedback").events if {"lat", "lon", "adminunit"} & event.data.keys()]


def test_t50_gaps_stuck_readings_and_spikes_pass_unaltered(recorded: Read, data: Path) -> None:
    levels = [float(row["river_level (m)"]) for row in lines(data / "river_level")]
    events = recorded("river_level").events
    assert [event.data["level_m"] for event in events] == levels
    assert max(levels) == 6.45
    assert levels.count(0.94) == 1076
    assert max(after.at - before.at for before, after in pairwise(events)) > 23 * 86_400_000


def test_t51_what_was_played_adds_up_to_the_counters(recorded: Read, data: Path) -> None:
    (path,) = (data / "gateway_status").glob("*.jsonl")
    snapshots = [json.loads(line) for line in path.read_text().splitlines()]
    calls: Counter[str] = Counter()
    for event in recorded("gateway_status").events:
        calls[event.data["service_id"]] += event.data["calls"]
    first, last = snapshots[0]["server_zones"], snapshots[-1]["server_zones"]
    assert calls == {zone: last[zone]["requests"] - first[zone]["requests"] for zone in last}


def test_t51_a_reset_is_no_negative_rate(tmp_path: Path) -> None:
    def snapshot(at: int, load: int, requests: int) -> str:
        zone = {"requests": requests, "sent": requests, "discarded": 0, "responses": {"4xx": 0, "5xx": 0}}
        return json.dumps({"timestamp": at, "generation": 1, "load_timestamp": load, "upstreams": {},
                           "server_zones": {"z": zone}})

    path = tmp_path / "status.jsonl"
    snapshots = [snapshot(0, 1, 100), snapshot(5000, 1, 110), snapshot(10_000, 2, 3), snapshot(15_000, 2, 9)]
    path.write_text("\n".join(snapshots))
    recording = read(path)
    assert [event.data["calls"] for event in recording.events] == [10, 6]
    assert recording.unmapped["counter reset: no rate"] == 1


def test_t51_one_counter_that_went_back_is_a_reset() -> None:
    before = {"requests": 10, "sent": 10, "discarded": 1, "responses": {"4xx": 1, "5xx": 1}}
    assert difference(before, {**before, "sent": 9}) is None
    assert difference({}, before) is None


def test_t52_unhealthy_peers_are_counted_and_make_no_event(recorded: Read) -> None:
    recording = recorded("gateway_status")
    assert recording.unmapped["  of these not up"] == 2 * 500
    assert {event.action for event in recording.events} == {"summarised"}


def test_files_without_feed_are_skipped_with_the_reason(data: Path) -> None:
    found = find([data], load_feeds())
    assert {recording.feed for recording in found.recordings} == {"dossier", "feedback", "hydromet", "exchange"}
    reasons = {path.parent.name: reason for path, reason in found.skipped}
    assert "no feed" in reasons["air_quality"]


def test_a_feed_that_does_not_exist_is_a_reason_to_skip(data: Path) -> None:
    found = find([data / "river_level"], ())
    assert found.recordings == ()
    assert "there is no feed 'hydromet' yet" in found.skipped[0][1]


def test_a_missing_path_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        find([tmp_path / "nowhere"], ())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "river.csv"
    path.write_text("time,river_level (m)\n2022-04-01 10:55:10+00:00,much\n")
    with pytest.raises(RecordingError, match=r"river\.csv is damaged"):
        find([path], ())
