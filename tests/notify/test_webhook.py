"""The HTTP side: what is taken, what is refused, and what it costs a stranger to try."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SettingError
from streams.notify.webhook import BODY_AT_MOST, Webhook
from tests.notify.scene import Scene, alert, body

ONCALL = "/v1/alertmanager/oncall"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def webhook(scene: Scene) -> Iterator[Webhook]:
    made = Webhook("127.0.0.1", 0, scene.receiver)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def ask(webhook: Webhook, verb: str, path: str, sent: bytes | None = None,
        headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", webhook.server_port, timeout=5)
    client.request(verb, path, sent, headers or {})
    answer = client.getresponse()
    found = answer.status, answer.read()
    client.close()
    return found


def test_a_delivery_is_written_before_it_is_answered(webhook: Webhook, scene: Scene) -> None:
    status, said = ask(webhook, "POST", ONCALL, body(alert()), JSON)
    assert (status, json.loads(said)) == (200, {"lines": 1})
    assert "RiverAboveBD3" in scene.lines()[0]


@pytest.mark.parametrize(("path", "sent", "headers", "status"), [
    ("/v1/alertmanager/nobody", body(alert()), JSON, 404),
    ("/elsewhere", body(alert()), JSON, 404),
    (ONCALL, body(alert()), {"Content-Type": "text/plain"}, 415),
    (ONCALL, b"{", JSON, 400),
    (ONCALL, b"[" * 100_000, JSON, 400),
    (ONCALL, body(alert()).replace(b'"4"', b'"5"'), JSON, 400),
    (ONCALL, body(alert(texts={"summary": "x" * 5000})), JSON, 400),
    (ONCALL, body(*[alert(texts={}) for _ in range(1001)]), JSON, 400),
    (ONCALL, None, JSON | {"Content-Length": str(BODY_AT_MOST + 1)}, 413),
    (ONCALL, None, JSON | {"Content-Length": "-1"}, 411)])
def test_what_is_no_delivery_is_refused_and_leaves_nothing(webhook: Webhook, scene: Scene, path: str,
                                                           sent: bytes | None, headers: Any, status: int) -> None:
    assert ask(webhook, "POST", path, sent, headers)[0] == status
    assert scene.lines() == []
    assert b"ioc_notifications_refused_total 1.0" in ask(webhook, "GET", "/metrics")[1]


def test_what_cannot_be_written_is_asked_for_again(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    status, said = ask(webhook, "POST", ONCALL, body(alert()), JSON)
    assert (status, json.loads(said)) == (503, {"error": "cannot be written down: No space left on device"})


def test_health_says_where_the_lines_are_and_how_the_watchdog_is(webhook: Webhook, scene: Scene) -> None:
    status, said = ask(webhook, "GET", "/healthz")
    assert status == 200
    assert json.loads(said) == {"live": True, "watchdog": "not heard yet", "kept_back": 0, "waiting": 0,
                                "file": str(scene.folder / "notifications.log"),
                                "rehearsal": str(scene.folder / "rehearsal.log")}
    scene.beat()
    assert json.loads(ask(webhook, "GET", "/healthz")[1])["watchdog"] == "beats"
    scene.passing(150, beats=False)
    assert json.loads(ask(webhook, "GET", "/healthz")[1])["watchdog"] == "lost"


def test_a_taken_port_is_a_setting_error_that_names_it(webhook: Webhook, scene: Scene) -> None:
    with pytest.raises(SettingError, match=f"IOC_NOTIFY_PORT={webhook.server_port}: Address already in use"):
        Webhook("127.0.0.1", webhook.server_port, scene.receiver)
