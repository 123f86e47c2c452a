"""What an operator reads: one line that stands alone, with place, value, limit, basis and the time in +07:00."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.rules.promtool import GENERATED, Series, limit, needs_promtool, programs, run, series, states

pytestmark = needs_promtool


def said(tmp_path: Path, files: tuple[str, ...], inputs: list[Series], alert: str, at: str) -> Mapping[str, str]:
    """The annotations of the only alert that fires, as every promtool expands them."""
    whole: dict[str, Any] = {
        "rule_files": [str(GENERATED / f"{name}.yml") for name in files],
        "evaluation_interval": "1m",
        "group_eval_order": [f"ioc_{name}" for name in files],
        "tests": [{
            "interval": "1m", "input_series": inputs,
            "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": []}],
        }],
    }  # fmt: skip
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    found = []
    for done in run("test", "rules", str(file)):
        # nothing was expected, so it tells what it got
        got = (done.stdout + done.stderr).partition("got:")[2]
        assert got.count("Labels:") == 1, done.stdout + done.stderr
        found.append(dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', got.partition("Annotations:")[2])))
    assert found == found[:1] * len(programs())
    return found[0]


STATION = [
    series(
        "ioc_station_info", 1, station="LC-L-0001", title_vi="Trạm thủy văn Lào Cai", title_en="Lao Cai river station"
    ),
    *limit("flood", 83.5, level="3", station="LC-L-0001", basis="QĐ 05/2020/QĐ-TTg, Phụ lục I"),
]


def river(level: str, known: str, provenance: str) -> list[Series]:
    place = {"station": "LC-L-0001", "topic": "ioc.hydromet.v1", "partition": "0", "provenance": provenance}
    return [
        series("ioc_hydromet_level_meters", level, **place),
        series("ioc_hydromet_level_known", known, **place),
        # 2024-09-09T18:30:00Z is half past one of the next day in Lào Cai
        series("ioc_hydromet_level_as_of_timestamp_seconds", 1725906600, **place),
    ]


def test_a_line_about_a_river_stands_alone(tmp_path: Path) -> None:
    inputs = [*STATION, *river("84.125x60", "1x60", "real")]

    found = said(tmp_path, ("common", "hydromet"), inputs, "RiverAboveBD3", "5m")

    assert found["summary_vi"] == (
        "Mực nước vượt báo động 3: Trạm thủy văn Lào Cai 84,12 m ≥ ngưỡng 83,50 m (QĐ 05/2020/QĐ-TTg, Phụ lục I), "
        "lúc 01:30 10/09/2024 (+07:00)"
    )
    assert found["summary_en"] == (
        "River above alarm level 3: Lao Cai river station 84.12 m ≥ limit 83.50 m (QĐ 05/2020/QĐ-TTg, Phụ lục I), "
        "at 01:30 10/09/2024 (+07:00)"
    )
    assert "QĐ 05/2020/QĐ-TTg" in found["description_vi"]
    assert found["runbook_url"] == "docs/runbooks/RiverAboveBD3.md"
    assert found["dashboard_url"] == "/d/ioc-wall-disaster?var-provenance=real"


def test_a_replay_says_so_first_and_a_held_value_that_it_is_held(tmp_path: Path) -> None:
    inputs = [*STATION, *river("84.125x9 stale _x60", "1x9 0x60", "replay")]

    for alert in ("RiverAboveBD3", "RiverAboveBD3Silent"):
        found = said(tmp_path, ("common", "hydromet"), inputs, alert, "30m")
        assert found["summary_vi"].startswith(
            "PHÁT LẠI: Mực nước vượt báo động 3 (MẤT DỮ LIỆU, giá trị cuối): Trạm thủy văn Lào Cai 84,12 m ≥ "
        )
        assert found["summary_en"].startswith("REPLAY: River above alarm level 3 (NO DATA, last value): ")
        assert found["description_vi"].startswith("PHÁT LẠI: ")
        assert found["dashboard_url"] == "/d/ioc-wall-disaster?var-provenance=replay"


def test_an_assumed_limit_is_told_as_assumed(tmp_path: Path) -> None:
    place = {"service": "sso", "topic": "ioc.exchange.v1", "partition": "0", "provenance": "simulated"}
    name = "ioc_exchange_sign_in_success"
    inputs = [
        *limit("sign_in.success", 0.95, assumed=True, basis="Chưa có quy định"),
        series(f"{name}_ratio_numerator", 90.5, **place, window="5m"),
        series(f"{name}_ratio_denominator", 100, **place, window="5m"),
        series(f"{name}_known", 1, **place),
        series(f"{name}_as_of_timestamp_seconds", 1725906600, **place),
        series("ioc_service_info", 1, service="sso", title_vi="Đăng nhập một lần", title_en="Single sign-on"),
    ]

    found = said(tmp_path, ("common", "exchange"), inputs, "SsoLoginFailing", "10m")

    assert found["summary_vi"] == (
        "MÔ PHỎNG: Đăng nhập một lần bị lỗi: Đăng nhập một lần 90,5% < ngưỡng 95% giả định (Chưa có quy định), "
        "lúc 01:30 10/09/2024 (+07:00)"
    )


def test_an_office_is_told_by_its_title_and_a_commune_by_its_own(tmp_path: Path) -> None:
    place = {"topic": "ioc.dossier.v1", "partition": "0", "provenance": "real"}
    office = {"agency": "commune", "commune": "02647", "admin_version": "2025"}
    inputs = [
        *limit("dossier.unapologised", 1, basis="NĐ 61/2018/NĐ-CP"),
        series("ioc_dossier_overdue_without_apology", 2, **place, **office),
        series("ioc_present_timestamp_seconds", 1725906600, **place),
        series("ioc_agency_info", 1, agency="commune", title_vi="UBND cấp xã", title_en="Commune people's committees"),
        series("ioc_commune_info", 1, commune="02647", admin_version="2023", title_vi="Phường Kim Tân", title_en="x"),
        series("ioc_commune_info", 1, commune="02647", admin_version="2025", title_vi="Phường Lào Cai", title_en="x"),
        *states("dossier", {"live": "1x3000"}),
    ]

    found = said(tmp_path, ("common", "dossier"), inputs, "DossierOverdueNoApology", "90m")

    assert found["summary_vi"] == (
        "Quá hạn chưa có thư xin lỗi: UBND cấp xã, Phường Lào Cai 2 ≥ ngưỡng 1 (NĐ 61/2018/NĐ-CP), "
        "lúc 01:30 10/09/2024 (+07:00)"
    )


def test_a_stale_source_is_told_by_its_title_with_its_last_event_and_its_interval(tmp_path: Path) -> None:
    of = {"feed": "hydromet", "source": "//kttv"}
    inputs = [
        *states("hydromet", {"live": "0x60", "stale": "1x60"}, source="//kttv"),
        series("ioc_source_info", 1, **of, critical="yes", title_vi="Trạm thủy văn", title_en="River stations"),
        series("ioc_feed_last_event_timestamp_seconds", 1725906600, **of, provenance="real"),
        series("ioc_feed_expected_interval_seconds", 600, **of, provenance="real"),
    ]

    found = said(tmp_path, ("common",), inputs, "FeedStale", "10m")

    assert found["summary_vi"] == (
        "Luồng dữ liệu ngừng cập nhật: Trạm thủy văn (hydromet): sự kiện mới nhất lúc 01:30 10/09/2024 (+07:00), "
        "chu kỳ gửi 10 phút 0 giây"
    )


def test_an_alert_about_ourselves_tells_the_time_of_the_wall(tmp_path: Path) -> None:
    found = said(tmp_path, ("common", "pipeline"), [], "WorkerAbsent", "90m")

    assert found["summary_vi"] == (
        "Mất tiến trình xử lý: IOC Lào Cai: không tiến trình nào trả lời, lúc 08:30 01/01/1970 (+07:00)"
    )
    assert found["summary_en"] == "No worker: Lào Cai IOC: no worker answers, at 08:30 01/01/1970 (+07:00)"


def test_every_text_of_every_alert_can_be_expanded() -> None:
    """A template that Prometheus cannot read would be told at load; one bracket too few would not."""
    for path in sorted(GENERATED.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                for text in rule.get("annotations", {}).values():
                    assert text.count("{{") == text.count("}}")
                    openings = len(re.findall(r"\{\{ (?:if|with|range) ", text))
                    assert openings == text.count("{{ end }}"), text
