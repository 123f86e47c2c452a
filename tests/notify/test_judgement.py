"""What the first receiver says, and what it does not believe."""

from pathlib import Path

import pytest

from schemas.errors import SnapshotError
from streams.notify.payload import Channel
from tests.notify.scene import BEGAN, FLOOD, TEXTS, Scene, alert


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.beat()
    return made


def test_a_line_says_when_where_how_bad_what_and_what_to_do(scene: Scene) -> None:
    (line,) = scene.sent(alert())
    assert line == (
        "25/11/2026 16:46:42 +07:00 | oncall | P1 KHẨN CẤP | PHÁT SINH | RiverAboveBD3: Trạm thủy văn Lào Cai 84,10 m, "
        "vượt báo động 3 (83,50 m) | Hướng dẫn: docs/runbooks/RiverAboveBD3.md")


def test_a_repeated_delivery_is_recognised_also_after_a_restart(scene: Scene) -> None:
    scene.sent(alert())
    assert scene.sent(alert()) == []
    scene.start()
    assert scene.sent(alert()) == []
    assert b'ioc_notifications_total{channel="oncall",outcome="repeated"} 1.0' in scene.receiver.metrics()


def test_the_same_alert_that_begins_anew_is_news(scene: Scene) -> None:
    scene.sent(alert())
    assert len(scene.sent(alert(began=BEGAN + 60))) == 1


def test_alerts_of_one_notification_share_a_line_and_only_news_is_told(scene: Scene) -> None:
    scene.sent(alert())
    second = alert(fingerprint="f2", texts=TEXTS | {"summary_vi": "Trạm Bảo Hà"})
    third = alert(fingerprint="f3", texts=TEXTS | {"summary_vi": "Trạm Phố Lu"})
    (line,) = scene.sent(alert(), second, third, truncated=4)
    assert "Trạm Bảo Hà ‖ RiverAboveBD3: Trạm Phố Lu ‖ và 4 cảnh báo khác" in line
    assert "Lào Cai" not in line


def test_resolved_is_passed_on_by_a_beat_that_comes_late_enough(scene: Scene) -> None:
    scene.sent(alert())
    assert scene.sent(alert("resolved")) == []
    assert scene.passing(60, beats=True) == []
    (line,) = scene.passing(60, beats=True)
    assert "| ĐÃ HẾT | RiverAboveBD3" in line
    assert scene.sent(alert("resolved")) == []


def test_resolved_is_kept_back_when_the_watchdog_falls_silent_with_it(scene: Scene) -> None:
    # Prometheus is killed: beats go on until the end time of the Watchdog, then nothing
    scene.sent(alert())
    scene.sent(alert("resolved"))
    assert scene.passing(60, beats=True) == []
    lost, kept = scene.passing(600, beats=False)
    assert "P1 KHẨN CẤP | MẤT GIÁM SÁT CẢNH BÁO" in lost
    assert "CHƯA XÁC NHẬN HẾT" in kept
    assert "Trạm thủy văn Lào Cai" in kept


def test_resolved_that_comes_while_the_watchdog_is_lost_is_kept_back_at_once(scene: Scene) -> None:
    scene.sent(alert())
    scene.passing(180, beats=False)
    (line,) = scene.sent(alert("resolved"))
    assert "CHƯA XÁC NHẬN HẾT" in line
    assert scene.sent(alert("resolved")) == []


def test_an_alert_kept_back_that_fires_again_goes_on(scene: Scene) -> None:
    scene.sent(alert())
    scene.passing(180, beats=False)
    scene.sent(alert("resolved"))
    (back,) = scene.beat()
    assert "CÓ LẠI GIÁM SÁT" in back
    (line,) = scene.sent(alert(began=scene.now))
    assert "VẪN TIẾP DIỄN" in line
    assert scene.passing(2400, beats=True) == []


def test_an_alert_kept_back_that_never_fires_again_ends_after_long_steady_beats(scene: Scene) -> None:
    scene.sent(alert())
    scene.passing(180, beats=False)
    scene.sent(alert("resolved"))
    scene.beat()
    assert scene.passing(1190, beats=True) == []
    (line,) = scene.passing(30, beats=True)
    assert "ĐÃ HẾT, xác nhận sau khi có lại giám sát" in line


def test_resolved_survives_a_restart_of_the_receiver_unconfirmed(scene: Scene) -> None:
    scene.sent(alert())
    scene.sent(alert("resolved"))
    scene.start()
    assert "MẤT GIÁM SÁT" in scene.passing(150, beats=False)[0]
    assert scene.receiver.health()["kept_back"] == 1


def test_the_loss_of_the_watchdog_is_said_once_also_over_a_restart(scene: Scene) -> None:
    assert len(scene.passing(600, beats=False)) == 1
    scene.start()
    assert scene.passing(600, beats=False) == []
    assert len(scene.beat()) == 1


def test_a_watchdog_never_heard_is_missed_from_the_start(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    assert scene.passing(120, beats=False) == []
    assert "MẤT GIÁM SÁT" in scene.passing(30, beats=False)[0]


@pytest.mark.parametrize(("provenance", "word"), [("replay", "PHÁT LẠI"), ("simulated", "MÔ PHỎNG"),
                                                  ("elsewhere", "KHÔNG PHẢI SỐ THẬT")])
def test_what_is_not_real_says_so_first_in_a_file_of_its_own(scene: Scene, provenance: str, word: str) -> None:
    (line,) = scene.sent(alert(labels=FLOOD | {"provenance": provenance}), channel=Channel.REHEARSAL)
    assert line.startswith(f"{word} | ")
    assert (scene.folder / "notifications.log").read_text() == ""


def test_no_text_of_an_alert_makes_a_second_line_or_speaks_to_the_terminal(scene: Scene) -> None:
    (line,) = scene.sent(alert(texts={"summary_vi": "a\nb\r\u2028c \x1b[2Jd\u202ee"}))
    assert "RiverAboveBD3: a b c [2Jde" in line


def test_an_alert_without_texts_names_its_labels(scene: Scene) -> None:
    (line,) = scene.sent(alert(texts={}))
    assert "RiverAboveBD3: alertname=RiverAboveBD3 duty=disaster severity=P1 station=LC-L-0001" in line


def test_a_full_disk_leaves_no_trace_and_the_next_try_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            scene.sent(alert())
    assert "RiverAboveBD3" in scene.sent(alert())[0]
    assert b"ioc_notification_write_errors_total 1.0" in scene.receiver.metrics()


def test_a_line_torn_by_a_power_cut_does_not_take_the_next_one(scene: Scene) -> None:
    file = scene.folder / "notifications.log"
    file.write_text("25/11/2026 16:46:4")
    scene.start()
    scene.sent(alert())
    torn, whole = file.read_text().splitlines()
    assert torn == "25/11/2026 16:46:4"
    assert whole.endswith("docs/runbooks/RiverAboveBD3.md")


def test_a_memory_that_cannot_be_read_is_named_with_the_remedy(scene: Scene) -> None:
    (scene.folder / "memory.json").write_text('{"told": {"x": {}}}')
    with pytest.raises(SnapshotError, match=r"memory\.json cannot be read .* move it away"):
        scene.start()


def test_what_has_been_over_for_days_is_forgotten(scene: Scene) -> None:
    scene.sent(alert())
    scene.sent(alert("resolved"))
    scene.passing(150, beats=True)
    scene.now += 6 * 86400
    scene.sent(alert(fingerprint="f2"))
    assert "f1" not in (scene.folder / "memory.json").read_text()
