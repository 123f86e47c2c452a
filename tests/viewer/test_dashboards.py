"""Which dashboards there are, in which language, and what is said of a file that cannot be shown."""

import json
from pathlib import Path

import pytest

from streams.viewer.dashboards import addresses, base_of, find, read_dashboards
from tests.viewer.trial import write_walls
from tools.jars import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_walls(tmp_path)
    return tmp_path


def test_a_uid_is_the_same_in_both_languages() -> None:
    assert base_of("ioc-wall-trial-en") == base_of("ioc-wall-trial") == "ioc-wall-trial"
    assert base_of("ioc-garden") == "ioc-garden"


def test_a_wall_is_found_in_the_language_asked_for_whichever_uid_names_it(folder: Path) -> None:
    known = read_dashboards(folder)
    titles = [str(found.content["title"]) for uid in ("ioc-wall-trial", "ioc-wall-trial-en")
              for lang in ("vi", "en") if (found := find(known, uid, lang))]
    assert titles == ["Trial vi", "Trial en"] * 2


def test_without_a_language_the_uid_decides(folder: Path) -> None:
    known = read_dashboards(folder)
    english, unsaid = find(known, "ioc-wall-trial-en"), find(known, "ioc-wall-trial")
    assert english is not None
    assert english.lang == "en"
    assert unsaid is not None
    assert unsaid.lang == "vi"


def test_a_language_that_has_no_build_is_not_replaced_by_another_one(folder: Path) -> None:
    (folder / "en/trial.json").unlink()
    assert find(read_dashboards(folder), "ioc-wall-trial", "en") is None


@pytest.mark.parametrize(("text", "reason"), [
    ("{", "trial.json"),
    ("[]", "not a dashboard"),
    ('{"apiVersion": "dashboard.grafana.app/v2", "panels": []}', "only classic dashboard JSON"),
    ('{"panels": [{}]}', "gridPos"),
    ("{}", "panels"),
])
def test_a_file_that_cannot_be_shown_is_named_with_its_reason(folder: Path, text: str, reason: str) -> None:
    (folder / "vi/trial.json").write_text(text)
    broken = read_dashboards(folder)[0]
    assert reason in broken.error
    assert broken.error.startswith("vi/trial.json")


def test_addresses_name_language_and_provenance_and_walls_come_first(folder: Path) -> None:
    desk = json.loads((folder / "vi/trial.json").read_text()) | {"uid": "ioc-desk", "tags": ["ioc", "feed"]}
    (folder / "vi/a-desk.json").write_text(json.dumps(desk))
    listed = [address for _, address in addresses(read_dashboards(folder), "http://x", "replay")]
    assert listed == ["http://x/w/ioc-wall-trial?lang=vi&provenance=replay&kiosk",
                      "http://x/w/ioc-wall-trial?lang=en&provenance=replay&kiosk",
                      "http://x/w/ioc-desk?lang=vi&provenance=replay"]


def test_walls_stand_in_the_order_of_their_numbers() -> None:
    walls = [one for one in read_dashboards(ROOT / "dashboards/generated") if one.is_wall and one.lang == "vi"]
    numbers = [int(str(one.content["title"]).split(":")[0].rpartition(" ")[2]) for one in walls]
    assert numbers == sorted(numbers)
    assert len(numbers) > 5


def test_every_generated_dashboard_has_a_build_in_both_languages() -> None:
    known = read_dashboards(ROOT / "dashboards/generated")
    assert [one.error for one in known if one.error] == []
    vietnamese, english = ({one.base for one in known if one.lang == lang} for lang in ("vi", "en"))
    assert vietnamese == english
    assert vietnamese
