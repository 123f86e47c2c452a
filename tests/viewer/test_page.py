"""The page in a real browser over a real Prometheus: what it shows, in which words, and when it shows nothing."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.viewer.trial import (
    Numbers,
    content_of,
    exporting,
    recording,
    running,
    serving,
    tile,
    wait_for_numbers,
    write_walls,
)
from tools.browser import Screen, open_screen

pytestmark = pytest.mark.timeout(120)

GREY_WITHIN = 8.0  # seconds; what the operators were promised
COVER = "document.querySelector('[role=alert]')"
TEXT = "document.getElementById('page').innerText"
GREY = "[...document.querySelectorAll('*')].some((e) => getComputedStyle(e).backgroundColor === 'rgb(118, 118, 118)')"


@dataclass
class Scene:
    """Everything of one run, to be spoiled by a test."""

    screen: Screen
    folder: Path
    numbers: Numbers
    address: str
    prometheus: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Exporter, Prometheus, viewer and browser."""
    folder, numbers = tmp_path_factory.mktemp("walls"), Numbers()
    write_walls(folder)
    with (exporting(numbers) as port, recording(folder / "prometheus", port) as (address, process),
          serving(content_of(folder, address)) as home, open_screen(home) as screen):
        wait_for_numbers(address)
        yield Scene(screen, folder, numbers, address, process)


@pytest.fixture(autouse=True)
def unspoiled(scene: Scene) -> None:
    write_walls(scene.folder)


def shown(screen: Screen) -> str:
    """All words on the screen, on one line."""
    return re.sub(r"\s+", " ", screen.page.evaluate(TEXT))


def test_a_vietnamese_wall_writes_numbers_the_vietnamese_way(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=vi&kiosk")
    assert "Hồ sơ 1.234,5" in shown(scene.screen)
    assert "Chậm 1,50 giờ" in shown(scene.screen)
    assert scene.screen.complaints == []


def test_an_english_wall_writes_them_as_grafana_does(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=en&kiosk")
    assert "Dossiers 1234.5" in shown(scene.screen)
    assert "Delay 1.50 hours" in shown(scene.screen)


def test_the_page_says_that_it_is_not_grafana_also_in_kiosk(scene: Scene) -> None:
    for address in ("/w/ioc-wall-trial?lang=vi&kiosk", "/w/ioc-wall-trial?lang=en"):
        scene.screen.open(address)
        assert "không phải Grafana" in shown(scene.screen)
        assert "not Grafana" in shown(scene.screen)


def test_a_wall_shows_the_provenance_of_its_address(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=vi&provenance=replay&kiosk")
    assert "Hồ sơ 2.469,0" in shown(scene.screen)
    assert scene.screen.page.evaluate("document.getElementById('banner').innerText") == "replay"


def test_a_text_keeps_its_style_under_the_strict_policy(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=vi&kiosk")
    style = scene.screen.page.evaluate("getComputedStyle(document.getElementById('banner')).fontSize")
    assert style == "40px"
    assert scene.screen.complaints == []


def test_the_list_leads_to_every_wall_in_its_language(scene: Scene) -> None:
    scene.screen.page.goto(f"{scene.screen.home}/?lang=en&provenance=replay")
    scene.screen.wait("window.listed", 20)
    links = scene.screen.page.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
    assert "/w/ioc-wall-trial?lang=en&provenance=replay&kiosk" in links
    assert "Trial en" in shown(scene.screen)
    assert "Trial vi" not in shown(scene.screen)


def test_a_failing_query_is_named_and_the_other_panels_stay(scene: Scene) -> None:
    write_walls(scene.folder, tile(3, "vi", "Sai", "sum("))
    found = scene.screen.open("/w/ioc-wall-trial?lang=vi")
    errors = {one["id"]: one["errors"] for one in found["results"]}
    assert "parse error" in errors[3][0]
    assert errors[1] == []
    assert "Hồ sơ 1.234,5" in shown(scene.screen)
    assert "1 ô bị lỗi" in shown(scene.screen)


def test_an_unknown_kind_of_panel_says_so_in_its_place(scene: Scene) -> None:
    write_walls(scene.folder, {**tile(3, "vi", "Lạ", "1"), "type": "candlestick"})
    found = scene.screen.open("/w/ioc-wall-trial?lang=vi&kiosk")
    assert "candlestick" in shown(scene.screen)
    assert "candlestick" in found["notes"][0]


def test_an_unknown_wall_is_covered_with_the_reason(scene: Scene) -> None:
    found = scene.screen.open("/w/ioc-wall-nothing?lang=vi&kiosk")
    assert "ioc-wall-nothing" in found["failure"]
    assert "MẤT KẾT NỐI" in shown(scene.screen)


def test_a_silent_source_turns_its_tile_grey_and_keeps_its_name(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=vi&kiosk")
    assert not scene.screen.page.evaluate(GREY)
    scene.numbers.silent = True
    try:
        scene.screen.wait(f"{TEXT}.includes('MẤT DỮ LIỆU')", 20)
        assert scene.screen.page.evaluate(GREY)
        assert "Hồ sơ MẤT DỮ LIỆU" in shown(scene.screen)
        assert "1.234,5" not in shown(scene.screen)
    finally:
        scene.numbers.silent = False
    scene.screen.wait(f"{TEXT}.includes('1.234,5')", 20)


def test_a_hung_prometheus_covers_the_wall_in_time_and_the_wall_returns(scene: Scene) -> None:
    scene.screen.open("/w/ioc-wall-trial?lang=vi&kiosk")
    scene.prometheus.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        scene.screen.wait(COVER, 20)
        took = time.monotonic() - began
        assert took < GREY_WITHIN, f"grey only after {took:.1f} s"
        assert "MẤT KẾT NỐI Prometheus không trả lời" in shown(scene.screen)
        assert "Lần đọc cuối" in shown(scene.screen)
        where = f"({COVER}).getBoundingClientRect().toJSON()"
        assert scene.screen.page.evaluate(where)["height"] == 1080
    finally:
        scene.prometheus.send_signal(signal.SIGCONT)
    scene.screen.wait(f"!{COVER}", 20)
    assert scene.screen.read_again()["failure"] is None


def test_a_dead_viewer_covers_the_wall(tmp_path: Path, scene: Scene) -> None:
    write_walls(tmp_path)
    with running(tmp_path, scene.address) as (home, viewer):
        scene.screen.page.goto(f"{home}/w/ioc-wall-trial?lang=en&kiosk")
        scene.screen.wait("window.drawn && !window.drawn.failure", 20)
        viewer.kill()
        scene.screen.wait(COVER, GREY_WITHIN)
        assert "The server of this page does not answer" in shown(scene.screen)
