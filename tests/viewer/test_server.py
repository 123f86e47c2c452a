"""What the viewer gives out over HTTP, and what nobody gets: read only, our own files, a strict policy."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from schemas.errors import SettingError
from streams.viewer.files import find_file
from streams.viewer.server import Server
from tests.viewer.trial import PAGE, content_of, fetch, serving, write_walls

SECRET = "not for the page"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    walls = tmp_path / "walls"
    write_walls(walls)
    (walls / "maps").mkdir()
    (walls / "maps/places.geojson").write_text("{}")
    (tmp_path / "secret.json").write_text(SECRET)
    (walls / "maps/.hidden.json").write_text(SECRET)
    (walls / "maps/notes.csv").write_text(SECRET)
    (walls / "maps/link.json").symlink_to(tmp_path / "secret.json")
    return walls


@pytest.fixture
def home(folder: Path) -> Iterator[str]:
    with serving(content_of(folder, "http://127.0.0.1:9")) as address:
        yield address


def raw(home: str, method: str, path: str) -> tuple[int, bytes]:
    """An answer to a path exactly as written, without anything a polite client would mend."""
    connection = http.client.HTTPConnection(urlsplit(home).netloc, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_page_is_the_same_for_the_list_and_for_every_wall(home: str) -> None:
    bodies = [re.sub(rb'nonce="[^"]+"', b"", fetch(home + path)[1]) for path in ("/", "/w/ioc-wall-trial", "/d/x/y")]
    assert bodies[0] == bodies[1] == bodies[2]
    assert b"app.js" in bodies[0]


def test_no_script_but_the_built_one_may_run(home: str) -> None:
    _, body, headers = fetch(f"{home}/w/ioc-wall-trial")
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert re.findall(rb"<script[^>]*>(.*?)</script>", body) == [b""]
    assert b" on" not in body


def test_every_page_has_a_nonce_of_its_own(home: str) -> None:
    first, second = (fetch(home)[2]["Content-Security-Policy"] for _ in range(2))
    assert first != second


def test_every_answer_keeps_its_kind(home: str) -> None:
    for path in ("/", "/app.js", "/api/dashboards", "/maps/places.geojson", "/nothing", "/api/v1/query?query=up"):
        headers = fetch(home + path)[2]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_files_come_with_their_type(home: str) -> None:
    kinds = {path: fetch(home + path)[2]["Content-Type"] for path in ("/app.js", "/app.css", "/LICENSES.txt")}
    assert kinds == {"/app.js": "text/javascript; charset=utf-8", "/app.css": "text/css; charset=utf-8",
                     "/LICENSES.txt": "text/plain; charset=utf-8"}


@pytest.mark.parametrize("path", [
    "/../secret.json", "/maps/../../secret.json", "/maps/%2e%2e/%2e%2e/secret.json", "/maps/..%2f..%2fsecret.json",
    "/maps/link.json", "/maps/.hidden.json", "/maps/notes.csv", "/maps//etc/passwd", "//etc/passwd", "/maps/",
    "/maps/places.geojson%00.json", "/%5c..%5csecret.json",
])
def test_nothing_outside_the_folders_is_given_out(home: str, path: str) -> None:
    status, body = raw(home, "GET", path)
    assert SECRET.encode() not in body
    assert status == 404


def test_a_plain_file_is_found(folder: Path) -> None:
    assert find_file(folder / "maps", "places.geojson") == ("application/geo+json", folder / "maps/places.geojson")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(home: str, method: str) -> None:
    assert raw(home, method, "/api/v1/query")[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "["])
def test_a_stranger_cannot_call_the_page_by_a_name_of_its_own(home: str, host: str) -> None:
    assert fetch(home, {"Host": host})[0] == 403


@pytest.mark.parametrize("host", ["localhost:8088", "127.0.0.1", "[::1]:8088"])
def test_names_of_this_machine_are_heard(home: str, host: str) -> None:
    assert fetch(home, {"Host": host})[0] == 200


def test_a_wall_comes_with_the_present_of_the_server_and_its_languages(home: str) -> None:
    found = json.loads(fetch(f"{home}/api/dashboards/ioc-wall-trial?lang=en")[1])
    assert found["dashboard"]["title"] == "Trial en"
    assert found["base"] == "ioc-wall-trial"
    assert found["languages"] == ["vi", "en"]
    assert found["scrapeInterval"] == "5s"
    assert found["now"] > 1_700_000_000_000


def test_a_broken_file_says_so_in_the_list_and_at_its_own_address(home: str, folder: Path) -> None:
    (folder / "vi/trial.json").write_text("{")
    listed = json.loads(fetch(f"{home}/api/dashboards")[1])
    assert [one["error"] != "" for one in listed] == [True, False]
    status, body, _ = fetch(f"{home}/api/dashboards/trial?lang=vi")
    assert status == 500
    assert "vi/trial.json" in json.loads(body)["error"]


def test_an_unknown_wall_is_said_to_be_unknown(home: str) -> None:
    status, body, _ = fetch(f"{home}/api/dashboards/ioc-nothing")
    assert status == 404
    assert "ioc-nothing" in json.loads(body)["error"]


def test_a_page_that_is_not_built_is_said_to_be_missing(folder: Path) -> None:
    content = content_of(folder, "http://127.0.0.1:9")
    with serving(type(content)(folder, content.dashboards, content.maps, content.relay, "5s")) as home:
        status, body, _ = fetch(home)
        assert status == 404
        assert "not built" in json.loads(body)["error"]


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    content = content_of(folder, "http://127.0.0.1:9")
    with serving(content) as home, pytest.raises(SettingError, match="IOC_VIEWER_PORT"):
        Server("127.0.0.1", urlsplit(home).port or 0, content)


def test_the_committed_page_names_only_files_that_are_there() -> None:
    page = (PAGE / "index.html").read_text()
    named = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert named
    assert [name for name in named if not (PAGE / name).is_file()] == []
