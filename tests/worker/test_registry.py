"""Reference data as metrics: what is in force now, read again when a file changes, kept when a file is wrong."""

import logging
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from rules import reference as rules
from schemas.catalogue import load_feeds
from schemas.reference.rows import LABELS
from streams.publisher import read_reference
from streams.telemetry import Function
from streams.worker import registry
from streams.worker.app import Sentences
from streams.worker.registry import LOOK_SECONDS, Registry

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 5, tzinfo=UTC).timestamp()


class Clock:
    """Both clocks of a registry, moved by hand."""

    def __init__(self) -> None:
        self.monotonic = 0.0
        self.wall = NOW

    def look(self) -> None:
        self.monotonic += LOOK_SECONDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "reference", tmp_path / "reference")
    return tmp_path / "reference"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown(folder: Path, clock: Clock) -> Registry:
    return Registry(read_reference(folder), load_feeds(), folder, lambda: read_reference(folder), partitions=6,
                    wall=lambda: clock.wall, clock=lambda: clock.monotonic)  # fmt: skip


def page(of: Registry) -> str:
    collected = CollectorRegistry()
    collected.register(Function(of.families))
    return generate_latest(collected).decode()


def samples(of: Registry, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
    """The samples of a name whose labels include these; empty labels are none."""
    return [
        ({key: value for key, value in sample.labels.items() if value}, sample.value)
        for family in text_string_to_metric_families(page(of)) for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]  # fmt: skip


def edit(path: Path, change: Callable[[str], str]) -> None:
    """A file replaced as an editor does it."""
    text = path.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    beside = path.with_suffix(".new")
    beside.write_text(changed, encoding="utf-8")
    beside.replace(path)


def test_a_limit_names_its_subject_by_the_subject_s_own_label(shown: Registry) -> None:
    assert samples(shown, "ioc_limit_value", limit="flood", level="3", station="LC-L-0001") == [
        ({"limit": "flood", "level": "3", "station": "LC-L-0001", "status": "derived", "unit": "m"}, 83.5)
    ]
    assert samples(shown, "ioc_limit_value", limit="rain.24h") == [
        ({"limit": "rain.24h", "status": "official", "unit": "mm"}, 100)
    ]


def test_an_assumed_limit_is_marked_and_a_level_that_is_not_set_is_not_there(shown: Registry) -> None:
    levels = samples(shown, "ioc_limit_assumed", limit="flood", station="LC-L-0001")
    assumed = {of["level"]: value for of, value in levels}

    assert assumed == {"1": 0, "2": 1, "3": 0}
    assert samples(shown, "ioc_limit_value", limit="flood", level="2", station="LC-L-0004") == []


def test_a_share_has_its_target_as_a_ratio(shown: Registry) -> None:
    found = samples(shown, "ioc_kpi_target_ratio", kpi="dossier_on_time")

    assert found == [({"kpi": "dossier_on_time", "status": "assumed"}, 0.95)]
    assert samples(shown, "ioc_kpi_target_value") == []


def test_a_station_is_shown_with_the_commune_of_its_time(shown: Registry, clock: Clock) -> None:
    assert samples(shown, "ioc_station_info", station="LC-L-0004")[0][0]["commune"] == "03082"

    clock.wall = datetime(2024, 9, 9, tzinfo=UTC).timestamp()

    assert samples(shown, "ioc_station_info", station="LC-L-0004")[0][0]["commune"] == "03055"
    assert samples(shown, "ioc_station_info", station="LC-L-0006") == []  # Yên Bái came with the merger


def test_what_a_station_measures_is_expected_of_it_and_what_comes_from_the_same_reading(shown: Registry) -> None:
    def owed(station: str) -> set[str]:
        return {of["kpi"] for of, _ in samples(shown, "ioc_station_expected", station=station)}

    assert owed("LC-L-0001") == {"level", "rise"}
    assert owed("LC-R-0001") == {"rain"}
    assert owed("LC-T-0001") == {"temperature"}
    assert owed("KIKAVU") == set(), "a station of a replay owes nothing"


def test_titles_outlive_the_row_for_old_numbers_keep_their_names(shown: Registry) -> None:
    old = samples(shown, "ioc_commune_info", commune="02641", admin_version="2023")
    assert old[0][0]["title_vi"] == "Phường Lào Cai"
    assert samples(shown, "ioc_agency_info", agency="stttt")[0][0]["title_vi"] == "Sở Thông tin và Truyền thông"
    keys = [(of["commune"], of["admin_version"]) for of, _ in samples(shown, "ioc_commune_info", admin_version="2025")]
    assert len(keys) == len(set(keys)) == 99


def test_a_source_is_told_for_each_feed_it_sends(shown: Registry) -> None:
    found = samples(shown, "ioc_source_info", source="//laocai.gov.vn/pac/igate")

    assert [(of["feed"], of["critical"]) for of, _ in found] == [("dossier", "no")]
    assert samples(shown, "ioc_source_info", source="//foreign/kikavu")[0][0]["status"] == "foreign"


def test_every_topic_says_how_many_partitions_it_must_have(shown: Registry) -> None:
    found = {of["topic"]: value for of, value in samples(shown, "ioc_feed_partitions")}

    assert found == {feed.topic: 6 for feed in load_feeds()}


def test_a_changed_row_is_picked_up_within_seconds_and_not_read_in_between(
    shown: Registry, folder: Path, clock: Clock
) -> None:
    edit(folder / "limits.csv", lambda text: text.replace("LC-L-0001,83.50", "LC-L-0001,84.25"))
    flood = {"limit": "flood", "level": "3", "station": "LC-L-0001"}

    assert samples(shown, "ioc_limit_value", **flood)[0][1] == 83.5  # not looked at yet
    clock.look()
    assert samples(shown, "ioc_limit_value", **flood)[0][1] == 84.25


def test_a_row_begins_and_ends_by_its_dates_without_an_edit(shown: Registry, clock: Clock, folder: Path) -> None:
    old = "river.rise,,,,0.5,m/h,2020-01-01,,"
    new = "river.rise,,,,0.5,m/h,2020-01-01,2026-02-01,Giả định,assumed\nriver.rise,,,,0.7,m/h,2026-02-01,,"
    edit(folder / "limits.csv", lambda text: text.replace(old, new))
    clock.look()
    assert [value for _, value in samples(shown, "ioc_limit_value", limit="river.rise")] == [0.5]

    clock.wall = datetime(2026, 1, 31, 17, tzinfo=UTC).timestamp()  # midnight in Lào Cai

    assert [value for _, value in samples(shown, "ioc_limit_value", limit="river.rise")] == [0.7]


def test_an_invalid_row_is_named_and_the_old_ones_stay_in_force_until_it_is_mended(
    shown: Registry, folder: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    good = (folder / "limits.csv").read_text(encoding="utf-8")
    edit(folder / "limits.csv", lambda text: text.replace("LC-L-0001,83.50", "LC-L-0001,83;50"))
    clock.look()
    with caplog.at_level(logging.ERROR):
        assert samples(shown, "ioc_reference_valid") == [({}, 0)]

    assert "reference/limits.csv, line 4, field value: '83;50' is no number" in caplog.text
    # the worker's own log filter takes an error of ours for the end of the process, and would hush everything after it
    assert all(Sentences().filter(record) for record in caplog.records)
    assert samples(shown, "ioc_limit_value", limit="flood", level="3", station="LC-L-0001")[0][1] == 83.5

    edit(folder / "limits.csv", lambda _: good)
    clock.look()
    assert samples(shown, "ioc_reference_valid") == [({}, 1)]


def test_a_file_that_is_gone_is_told_and_nothing_is_lost(shown: Registry, folder: Path, clock: Clock) -> None:
    (folder / "targets.csv").unlink()
    clock.look()

    assert samples(shown, "ioc_reference_valid") == [({}, 0)]
    assert samples(shown, "ioc_kpi_target_ratio", kpi="dossier_on_time") != []


def test_files_that_do_not_change_are_not_read_again(
    shown: Registry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "read", lambda: pytest.fail("read again"))
    for _ in range(3):
        clock.look()
        assert samples(shown, "ioc_reference_valid") == [({}, 1)]


def test_a_long_basis_fits_into_a_label() -> None:
    shortened = registry.shortened("ệ" * 200)

    assert len(shortened.encode()) <= 120
    assert shortened.endswith("ệ…")
    assert registry.shortened("QĐ 05/2020/QĐ-TTg") == "QĐ 05/2020/QĐ-TTg"


def test_the_rules_merge_by_every_label_that_is_shown(shown: Registry) -> None:
    """A label that the rules do not know would be lost, one that they add would be empty for ever."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page(shown)):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)

    for name, labels in rules.INFO.items():
        assert found[f"ioc_{name}_info"] == set(labels)
    assert found["ioc_limit_value"] >= set(rules.ROW)
    assert set(LABELS) <= set(rules.ROW)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_promtool_finds_nothing_to_complain_about(shown: Registry) -> None:
    command = ["promtool", "check", "metrics"]
    done = subprocess.run(command, input=page(shown), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
