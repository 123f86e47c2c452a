"""The shape of every dashboard: what Grafana would refuse, move or overwrite, and what a wall promises."""

import json
import re
import urllib.parse
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

from dashboards import panels as house
from tests.dashboards.every import Json, expressions, options, pages, panels, texts, walls

ROOT = Path(__file__).resolve().parents[2]
TIME = {"timeseries", "state-timeline"}
AGES = ("ioc:feed_last_event_timestamp_seconds", "_as_of_timestamp_seconds", "time()", "timestamp(ALERTS")


def box(panel: Json) -> tuple[int, int, int, int]:
    place = panel["gridPos"]
    return place["x"], place["y"], place["x"] + place["w"], place["y"] + place["h"]


def wrong(found: list[str]) -> None:
    assert not found, "\n".join(found)


def test_addresses_are_well_formed_and_unique() -> None:
    uids = [json.loads(text)["uid"] for text in texts().values()]
    wrong([uid for uid in uids if not re.fullmatch(r"ioc-[a-z0-9-]{3,36}", uid)])
    wrong([uid for uid, times in Counter(uids).items() if times > 1])
    wrong([path for path, uid in zip(texts(), uids, strict=True) if Path(path).stem != uid])


def test_no_title_stands_twice_in_a_folder() -> None:
    titles = Counter((Path(path).parent.name, json.loads(text)["title"]) for path, text in texts().items())
    wrong([f"{folder}: {title}" for (folder, title), times in titles.items() if times > 1])


def test_every_dashboard_has_a_twin_in_the_other_language() -> None:
    vietnamese = {uid for uid in pages() if not uid.endswith("-en")}
    assert {f"{uid}-en" for uid in vietnamese} == set(pages()) - vietnamese


def test_numbers_of_panels_are_unique() -> None:
    wrong(
        [uid for uid, page in pages().items() if len({panel["id"] for panel in page["panels"]}) < len(page["panels"])]
    )


def test_panels_neither_overlap_nor_leave_the_grid() -> None:
    found = []
    for uid, page in pages().items():
        boxes = [(panel["id"], box(panel)) for panel in page["panels"]]
        found += [f"{uid}: panel {number} leaves the grid" for number, (*_, right, _) in boxes if right > 24]
        for (one, a), (two, b) in combinations(boxes, 2):
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
                found.append(f"{uid}: panels {one} and {two} overlap")
    wrong(found)


def test_no_gap_that_grafana_would_close() -> None:
    found = []
    for uid, page in pages().items():
        filled = {
            (x, y)
            for panel in page["panels"]
            for left, top, right, bottom in [box(panel)]
            for x in range(left, right)
            for y in range(top, bottom)
        }
        for panel in page["panels"]:
            left, top, right, _ = box(panel)
            if top and not any((x, top - 1) in filled for x in range(left, right)):
                found.append(f"{uid}: panel {panel['id']} would move up")
    wrong(found)


def test_what_grafana_needs_to_load_them() -> None:
    for uid, page in pages().items():
        assert page["schemaVersion"] == 42, uid
        assert page["editable"] is False, uid
        assert page["timezone"] == "Asia/Ho_Chi_Minh", uid
        assert "__inputs" not in page, uid
        assert isinstance(page["annotations"]["list"], list), uid
        assert page["description"], uid


def test_one_variable_names_the_source_of_data_and_every_panel_uses_it() -> None:
    for uid, page in pages().items():
        kinds = [variable["name"] for variable in page["templating"]["list"] if variable["type"] == "datasource"]
        assert kinds == ["datasource"], uid
    wrong(
        [
            name
            for name, panel in panels(pages())
            if panel["datasource"] != {"type": "prometheus", "uid": "${datasource}"}
        ]
    )


def test_variables_follow_the_time_range() -> None:
    found = [
        (uid, one["name"])
        for uid, page in pages().items()
        for one in page["templating"]["list"]
        if one["type"] == "query" and (one["refresh"] != 2 or one["allValue"] != ".*" or not one["includeAll"])
    ]
    assert not found


def test_every_variable_that_is_used_exists() -> None:
    found = []
    for uid, page in pages().items():
        known = {variable["name"] for variable in page["templating"]["list"]} | {"datasource"}
        used = {name for expr in expressions(page) for name in re.findall(r"\$(\w+)", expr) if not name.isdigit()}
        found += [f"{uid}: {name}" for name in used - known]
    wrong(found)


def test_walls_ask_for_one_provenance_only_and_let_no_other_choice() -> None:
    for uid, page in walls().items():
        one, two = page["templating"]["list"]
        assert (one["name"], two["name"], two["hide"]) == ("datasource", "provenance", 2), uid
        assert two["current"]["value"] == "real", uid
    everywhere = re.compile(
        r"ioc:(?!\w*(info|limit_value|limit_assumed|station_\w+|kpi_target_ratio|consumer_lag_events)\b)[\w:]+\{([^}]*)\}?"
    )
    found = [
        f"{uid}: {match[0]}"
        for uid, page in pages().items()
        for expr in expressions(page)
        for match in everywhere.finditer(expr)
        if 'provenance="$provenance"' not in match[2]
    ]
    wrong(found)
    bare = re.compile(
        r"(ioc:(?!\w*(?:info|limit_value|limit_assumed|station_\w+|kpi_target_ratio|consumer_lag_events)\b)[\w:]+)(?![\w:{])"
    )
    wrong(
        [
            f"{uid}: {match[0]}"
            for uid, page in pages().items()
            for expr in expressions(page)
            for match in bare.finditer(expr)
        ]
    )


def test_every_dashboard_says_in_words_whose_data_it_shows() -> None:
    for uid, page in pages().items():
        first = page["panels"][0]
        assert (first["gridPos"].get("x", 0), first["gridPos"].get("y", 0)) == (0, 0), uid
        shown = [
            result["text"]
            for mapping in first["fieldConfig"]["defaults"]["mappings"]
            if mapping["type"] == "value"
            for result in mapping["options"].values()
        ]
        expected = (
            ("REAL DATA", "REPLAYED", "SIMULATED") if uid.endswith("-en") else ("SỐ LIỆU THẬT", "PHÁT LẠI", "MÔ PHỎNG")
        )
        assert all(word in text for word, text in zip(expected, shown, strict=True)), (uid, shown)


def test_every_panel_is_described_and_titled_where_it_is_no_wall() -> None:
    wrong([name for name, panel in panels(pages()) if not panel.get("description")])
    titled = {uid: page for uid, page in pages().items() if uid not in walls()}
    wrong([name for name, panel in panels(titled) if panel["type"] != "stat" and not panel.get("title")])
    wrong([name for name, panel in panels(walls()) if panel.get("title")])  # 14 px: nobody could read it


def test_every_panel_asks_something_and_has_a_unit() -> None:
    wrong([name for name, panel in panels(pages()) if not panel["targets"]])
    wrong([name for name, panel in panels(pages()) if not options(panel, "unit")])


def test_unknown_is_grey_and_says_so_in_every_panel() -> None:
    found = []
    for name, panel in panels(pages()):
        special = [
            mapping["options"]
            for mappings in options(panel, "mappings")
            for mapping in mappings
            if mapping["type"] == "special"
        ]
        grey = [one for one in special if one["match"] == "null+nan" and one["result"].get("color") == "#767676"]
        if not grey or not all(one["result"]["text"] for one in grey) or not any(options(panel, "noValue")):
            found.append(name)
    wrong(found)


def test_walls_ask_for_this_moment_unless_they_draw_time() -> None:
    found = [
        name
        for name, panel in panels(walls())
        for target in panel["targets"]
        if bool(target.get("instant")) == (panel["type"] in TIME)
        or bool(target.get("range")) != (panel["type"] in TIME)
    ]
    wrong(found)


def test_numbers_of_walls_stay_when_their_series_vanish() -> None:
    """Without a series a tile would lose its name."""
    wrong(
        [
            f"{name}: {target['expr'][:60]}"
            for name, panel in panels(walls())
            if panel["type"] == "stat" and panel["id"] > 1
            for target in panel["targets"]
            if "vector(NaN)" not in target["expr"]
        ]
    )


def test_walls_fit_their_screen() -> None:
    assert {uid for uid in walls() if not uid.endswith("-en")} == {
        f"ioc-wall-{name}"
        for name in ("province", "shift", "disaster", "administration", "feedback", "digital", "data")
    }
    wrong([name for name, panel in panels(walls()) if box(panel)[3] > 27])
    wrong([uid for uid, page in walls().items() if len(page["panels"]) > 12])
    wrong([name for name, panel in panels(walls()) if panel["type"] == "table"])  # 14 px


def test_walls_are_read_from_four_metres() -> None:
    found = []
    for name, panel in panels(walls()):
        sizes = panel.get("options", {}).get("text", {})
        least = [sizes.get("valueSize", 0)] + ([sizes["titleSize"]] if "titleSize" in sizes else [])
        if panel["type"] == "stat" and min(least) < 24:
            found.append(name)
        if panel["type"] == "stat" and panel["options"]["textMode"] == "value_and_name" and len(least) < 2:
            found.append(f"{name}: one size without the other")
    wrong(found)


def test_every_panel_of_a_wall_shows_how_old_it_is_or_stands_below_one_that_does() -> None:
    found = []
    for uid, page in walls().items():
        dated = [
            box(panel)
            for panel in page["panels"]
            if any(age in target["expr"] for age in AGES for target in panel["targets"])
        ]
        for panel in page["panels"][1:]:
            x, y, right, _ = box(panel)
            below = any(left <= x and right <= end and bottom == y for left, _, end, bottom in dated)
            beside = panel["type"] in TIME  # its axis is the time
            if box(panel) not in dated and not below and not beside and not _dated_row(panel):
                found.append(f"{uid}, panel {panel['id']}")
    wrong(found)


def _dated_row(panel: Json) -> bool:
    return any(str(value).startswith("time:") for value in options(panel, "unit"))


def test_colours_are_those_that_every_eye_tells_apart() -> None:
    allowed = {"#2a3441", "semi-dark-blue", "dark-orange", "dark-red", "#767676", "#f2f2f2", "#59636e", "text"}
    found = [
        f"{name}: {colour}" for name, panel in panels(pages()) for colour in _colours(panel) if colour not in allowed
    ]
    wrong(found)


def _colours(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key in {"color", "fixedColor"} and isinstance(value, str)]
        return own + [colour for value in part.values() for colour in _colours(value)]
    return [colour for value in part for colour in _colours(value)] if isinstance(part, list) else []


def test_a_word_stands_beside_each_colour_of_a_state() -> None:
    for name, panel in panels(pages()):
        for mappings in options(panel, "mappings"):
            shown = [
                (mapping["options"]["result"].get("color"), mapping["options"]["result"]["text"])
                for mapping in mappings
                if mapping["type"] == "range"
            ]
            assert len({text for _, text in shown}) == len(set(shown)), name
            assert all(text for _, text in shown), name


def test_units_of_tables_are_set_for_the_value_alone() -> None:
    """A panel's unit would be applied to codes that look like numbers."""
    wrong(
        [
            name
            for name, panel in panels(pages())
            if panel["type"] == "table" and "unit" in panel["fieldConfig"]["defaults"]
        ]
    )


def test_links_lead_somewhere() -> None:
    addresses = [
        (uid, link["url"]) for uid, page in pages().items() for link in page["links"] if link["type"] == "link"
    ]
    assert addresses
    wrong([f"{uid}: {url}" for uid, url in addresses if url.removeprefix("/d/") not in pages()])


def test_maps_are_files_of_ours_and_need_no_internet() -> None:
    for name, panel in panels(pages()):
        if panel["type"] == "geomap":
            assert panel["options"]["basemap"]["type"] == "none", name
            sources = {
                layer["config"].get("src") or layer["location"]["gazetteer"] for layer in panel["options"]["layers"]
            }
            assert sources == {house.GEOJSON}, name
    assert (ROOT / "dashboards/maps" / Path(house.GEOJSON).name).is_file()


def test_questions_are_short_enough_to_be_asked_by_address() -> None:
    """The wall page asks by GET and refuses more than 16384 characters."""
    wrong(
        [
            f"{uid}: {len(expr)}"
            for uid, page in pages().items()
            for expr in expressions(page)
            if len(urllib.parse.quote(expr)) > 15_000
        ]
    )


def test_counters_are_only_read_as_rates() -> None:
    found = [
        expr for page in pages().values() for expr in expressions(page) if re.search(r"(?<!rate\()\b\w+_total\b", expr)
    ]
    wrong(found)
