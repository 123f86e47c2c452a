"""Reference data: the real files load, an error in a row names file, line and field, dates decide."""

import csv
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import SimpleNamespace

import pytest

from schemas.calendars import HOUR_MS
from schemas.errors import DeclarationError, Flag, Reason
from schemas.reference import Reference, load_reference
from schemas.reference.places import CommuneVerdict
from schemas.reference.rows import FOREVER
from schemas.reference.sheets import parse_moment

HOME = Path(__file__).parents[2] / "reference"
FOREIGN = HOME / "foreign"
ASSUMED = (Flag.ASSUMED_VERSION,)
ABOLISHED = Flag.COMMUNE_ABOLISHED
PARKED = Reason.OUT_OF_PROVINCE
UNKNOWN = Reason.UNKNOWN_COMMUNE
FILES = sorted(HOME.rglob("*.csv"))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference(HOME)


@pytest.fixture(scope="module")
def extended() -> Reference:
    return load_reference(HOME, FOREIGN)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HOME, tmp_path / "reference"))


def edit(path: Path, change: Callable[[list[list[str]]], object]) -> None:
    """Change the cells of one file; row 0 is the header, so row n is line n + 1."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def put(column: str, value: str, row: int = 1) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[row].__setitem__(rows[0].index(column), value)


# What is shipped.


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_every_file_is_utf8_nfc_and_ends_with_a_line_end(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert text.endswith("\n")


def test_the_lists_stay_within_the_closed_sets_of_the_labels(extended: Reference) -> None:
    at_most = {"agencies": 60, "services": 60, "sources": 80, "stations": 150, "counters": 20}
    assert {name: len(extended.values(name)) <= size for name, size in at_most.items()} == dict.fromkeys(at_most, True)


def test_the_lists_of_the_province_stay_within_theirs(reference: Reference) -> None:
    assert len(reference.values("domains")) <= 12
    assert len(reference.values("categories")) <= 20


def test_both_versions_of_the_communes_are_complete(reference: Reference) -> None:
    numbers = [sum(row.admin_version == version for row in reference.communes.rows) for version in ("2023", "2025")]
    assert numbers == [152, 99]
    assert len(reference.districts.rows) == 9


def test_river_alarm_levels_stand_as_in_the_decree_and_unset_ones_are_absent(reference: Reference) -> None:
    levels = {(row.subject, row.level): row.value for row in reference.limits.by_id["flood"]}
    assert [levels["LC-L-0001", level] for level in "123"] == [80.0, 82.0, 83.5]
    assert [levels["LC-L-0006", level] for level in "123"] == [30.0, 31.0, 32.0]
    assert ("LC-L-0004", "2") not in levels


def test_what_is_not_verified_is_not_called_official(reference: Reference) -> None:
    marks = {(row.subject, row.level): row.status for row in reference.limits.by_id["flood"]}
    assert marks["LC-L-0001", "1"] == "derived"
    assert {marks["LC-L-0001", "2"], marks["LC-L-0003", "3"]} == {"assumed"}


def test_foreign_places_come_without_limits_and_stay_out_of_the_real_lists(
    reference: Reference, extended: Reference
) -> None:
    at_ms = parse_moment("2026-11-01")
    assert (reference.station("KIKAVU"), extended.known("stations", "KIKAVU", at_ms)) == (None, True)
    assert reference.limits.rows == extended.limits.rows
    assert {row.status for row in extended.sources.rows if row.source.startswith("//foreign/")} == {"foreign"}


def test_friday_1630_and_eight_hours_over_hung_kings_monday_is_tuesday_1630(reference: Reference) -> None:
    due = reference.calendar.add(parse_moment("2026-04-24T16:30"), 8 * HOUR_MS)
    assert due == parse_moment("2026-04-28T16:30")


def test_each_loaded_year_has_the_eleven_holidays_of_the_labour_code() -> None:
    for path in sorted((HOME / "calendars").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            titles = [row["title_en"] for row in csv.DictReader(file)]
        assert titles.count("Lunar New Year") == 5, path.name
        assert titles.count("National day") == 2, path.name
        assert {"New Year", "Hùng Kings' day", "Reunification day", "Labour day"} <= set(titles), path.name


def test_every_year_has_about_as_many_working_days_as_it_should(reference: Reference) -> None:
    for year in sorted(reference.calendar.years):
        since, until = parse_moment(f"{year}-01-01"), parse_moment(f"{year}-12-31T23:59")
        assert 248 <= reference.calendar.between(since, until) / (8 * HOUR_MS) <= 251


# Dates decide.


def test_known_respects_the_dates_of_the_row(reference: Reference) -> None:
    abolished = parse_moment("2025-03-01")
    assert reference.known("agencies", "stttt", abolished - 1)
    assert not reference.known("agencies", "stttt", abolished)
    assert reference.known("agencies", "skhcn", abolished)


def test_values_holds_what_was_ever_listed(reference: Reference) -> None:
    assert {"stttt", "skhcn", "commune", "other"} <= reference.values("agencies")


def test_an_id_that_never_stood_in_the_list_is_unknown(reference: Reference) -> None:
    assert not reference.known("stations", "LC-R-9999", parse_moment("2026-01-01"))


def test_consecutive_rows_of_one_id_are_known_throughout(reference: Reference) -> None:
    boundary = parse_moment("2025-07-01")
    assert [reference.known("stations", "LC-R-0042", boundary + step) for step in (-1, 0)] == [True, True]
    stations = [reference.station("LC-R-0042", boundary + step) for step in (-1, 0)]
    assert [station and station.admin_version for station in stations] == ["2023", "2025"]


def test_an_id_between_two_spells_is_not_known(copy: Path) -> None:
    edit(
        copy / "domains.csv",
        lambda rows: rows.extend(
            [
                ["forestry", "Lâm nghiệp", "Forestry", "2020-01-01", "2021-01-01", "thử", "assumed"],
                ["forestry", "Lâm nghiệp", "Forestry", "2022-01-01", "", "thử", "assumed"],
            ]
        ),
    )
    reference = load_reference(copy)
    years = [reference.known("domains", "forestry", parse_moment(f"{year}-06-01")) for year in (2019, 2020, 2021, 2022)]
    assert years == [False, True, False, True]


def test_stations_are_expected_by_what_they_measure(reference: Reference) -> None:
    levels = reference.measuring("level", parse_moment("2026-01-01"))
    before = reference.measuring("level", parse_moment("2024-01-01"))
    assert (len(levels), len(before)) == (7, 5)
    assert all(station.source == "//laocai.gov.vn/kttv/thuyvan" for station in levels)


def test_sources_are_found_by_feed(reference: Reference) -> None:
    sources = reference.sources_of("exchange", parse_moment("2026-01-01"))
    assert {source.source.rpartition("/")[2] for source in sources} == {"lgsp", "ndxp", "sso"}


def test_an_unknown_list_is_named(reference: Reference) -> None:
    with pytest.raises(DeclarationError, match="no list 'stationz'"):
        reference.known("stationz", "x", 0)


def test_reference_is_frozen(reference: Reference) -> None:
    with pytest.raises(FrozenInstanceError):
        reference.calendar = None  # type: ignore[misc,assignment]


# Service levels.


@pytest.mark.parametrize(
    ("labels", "clock", "hours"),
    [
        ({}, "working", 24),
        ({"urgency": "normal", "hazard": "yes"}, "working", 24),
        ({"urgency": "complex"}, "working", 80),
        ({"urgency": "urgent", "hazard": "no"}, "working", 4),
        ({"urgency": "urgent", "hazard": "yes"}, "calendar", 4),
    ],
)
def test_the_service_level_that_names_most_labels_wins(
    reference: Reference, labels: dict[str, str], clock: str, hours: float
) -> None:
    level = reference.service_level("feedback.resolve", at_ms=parse_moment("2026-01-05"), **labels)
    assert level is not None
    assert (level.clock, level.hours) == (clock, hours)


def test_a_deadline_runs_on_the_clock_of_its_service_level(reference: Reference) -> None:
    at_ms = parse_moment("2026-04-24T16:30")
    dues = [
        reference.service_level("feedback.accept", at_ms=at_ms, **labels)
        for labels in ({}, {"urgency": "urgent", "hazard": "yes"})
    ]
    assert [level and level.deadline(at_ms, reference.calendar) for level in dues] == [
        parse_moment("2026-04-28T16:30"),
        parse_moment("2026-04-24T20:30"),
    ]


def test_no_service_level_before_it_is_in_force(reference: Reference) -> None:
    assert reference.service_level("feedback.accept", at_ms=parse_moment("2019-12-31")) is None


def test_an_unknown_service_level_is_named(reference: Reference) -> None:
    with pytest.raises(DeclarationError, match=r"no service level 'feedback\.acept'"):
        reference.service_level("feedback.acept", at_ms=0)


# Administrative units: T16, T17, T21 of the regression traps.


@pytest.mark.parametrize(
    ("code", "version", "when", "expected"),
    [
        pytest.param("02647", None, "2025-06-30T23:59:59", CommuneVerdict("02647", "2023", ASSUMED), id="T16 before"),
        pytest.param("02647", None, "2025-07-01", CommuneVerdict("02647", "2025", ASSUMED), id="T16 after"),
        pytest.param("15", None, "2023-06-01", CommuneVerdict("", "2023", ASSUMED, PARKED), id="T17 old"),
        pytest.param("15", None, "2026-06-01", CommuneVerdict("", "2025", ASSUMED), id="T17 new"),
        pytest.param("15", "2023", "2023-06-01", CommuneVerdict("", "2023", (), PARKED), id="Yên Bái"),
        pytest.param("04252", "2023", "2024-06-01", CommuneVerdict("", "2023", (), PARKED), id="commune of Yên Bái"),
        pytest.param("132", "2023", "2024-06-01", CommuneVerdict("", "2023", (), PARKED), id="district of Yên Bái"),
        pytest.param("04252", "2025", "2026-06-01", CommuneVerdict("04252", "2025"), id="Yên Bái since merged"),
        pytest.param("40", "2025", "2026-06-01", CommuneVerdict("", "2025", (), PARKED), id="Nghệ An"),
        pytest.param("02872", "2023", "2025-03-01", CommuneVerdict("02872", "2023", (ABOLISHED,)), id="T21"),
        pytest.param(
            "02872", None, "2025-03-01", CommuneVerdict("02872", "2023", (*ASSUMED, ABOLISHED)), id="T21 assumed"
        ),
        pytest.param("02872", "2023", "2024-11-30", CommuneVerdict("02872", "2023"), id="T21 before"),
        pytest.param("02872", "2025", "2026-03-01", CommuneVerdict("", "2025", (), UNKNOWN), id="T21 new"),
        pytest.param("02998", "2023", "2024-09-09", CommuneVerdict("02998", "2023"), id="T22 in 2024"),
        pytest.param("02998", "2025", "2026-09-09", CommuneVerdict("02998", "2025"), id="T22 in 2026"),
        pytest.param(
            "02998", "2023", "2026-09-09", CommuneVerdict("02998", "2023", (ABOLISHED,)), id="old version afterwards"
        ),
        pytest.param(
            "02998", "2025", "2024-09-09", CommuneVerdict("", "2025", (), UNKNOWN), id="new version too early"
        ),
        pytest.param("087", "2023", "2024-09-09", CommuneVerdict("", "2023"), id="district"),
        pytest.param("087", "2025", "2026-09-09", CommuneVerdict("", "2025", (), UNKNOWN), id="no district in 2025"),
        pytest.param("10", "2023", "2024-09-09", CommuneVerdict("", "2023"), id="province 2023"),
        pytest.param("10", "2025", "2026-09-09", CommuneVerdict("", "2025", (), UNKNOWN), id="no province 10 in 2025"),
        pytest.param("99999", "2025", "2026-09-09", CommuneVerdict("", "2025", (), UNKNOWN), id="no code"),
        pytest.param("02647", "2024", "2024-09-09", CommuneVerdict("", "2024", (), UNKNOWN), id="no version"),
    ],
)
def test_a_code_means_what_its_version_says(
    reference: Reference, code: str, version: str | None, when: str, expected: CommuneVerdict
) -> None:
    assert reference.commune(code, version, parse_moment(when)) == expected


def test_one_code_carries_two_names(reference: Reference) -> None:
    names = [(row.title_vi, row.title_en) for row in reference.communes.by_id["02647"]]
    assert names == [("Phường Kim Tân", "Kim Tan Ward"), ("Phường Lào Cai", "Lao Cai Ward")]


# Mistakes in a file.

CHANGE = SimpleNamespace(
    duplicate=lambda rows: rows.append(rows[1]),
    short=lambda rows: rows[2].pop(),
    column=lambda rows: [row.append("x") for row in rows],
    outlives=lambda rows: [put("valid_to", "2026-01-01")(rows), put("valid_from", "2026-01-01", 2)(rows)],
    lost=lambda rows: rows[0].__setitem__(rows[0].index("basis"), "base"),
)
MISTAKES = [
    ("agencies.csv", put("valid_from", "01/02/2024", 4), 5, "valid_from", "'01/02/2024' is no date"),
    ("agencies.csv", put("valid_from", ""), 2, "valid_from", "is empty"),
    ("agencies.csv", put("valid_to", "2020-01-01"), 2, "valid_to", "is not after valid_from"),
    ("agencies.csv", put("status", "sure"), 2, "status", "'sure' is none of: official, derived, assumed, foreign"),
    ("agencies.csv", put("status", "foreign"), 2, "status", "foreign rows belong in a folder of their own"),
    ("agencies.csv", put("basis", ""), 2, "basis", "is empty"),
    ("agencies.csv", put("agency", " "), 2, "agency", "is empty"),
    ("agencies.csv", CHANGE.duplicate, None, "valid_from", "overlaps reference/agencies.csv, line 2"),
    ("agencies.csv", CHANGE.short, 3, "status", "the line has 6 cells, the header 7"),
    ("agencies.csv", CHANGE.column, 1, "x", "the column is not known"),
    ("agencies.csv", CHANGE.lost, 1, "basis", "the column is missing"),
    ("sources.csv", put("agency", "nobody", 3), 4, "agency", "'nobody' is not in agencies.csv"),
    ("sources.csv", put("critical", "maybe"), 2, "critical", "'maybe' is none of: yes, no"),
    ("sources.csv", put("feeds", "hydromet;;dossier"), 2, "feeds", "has an empty or a repeated part"),
    ("sources.csv", put("every_s", "1.5"), 2, "every_s", "'1.5' is no whole number"),
    ("sources.csv", put("every_s", "0"), 2, "every_s", "must be more than 0"),
    ("stations.csv", put("valid_from", "yesterday", 6), 7, "valid_from", "'yesterday' is no date"),
    ("stations.csv", put("source", "//nowhere"), 2, "source", "'//nowhere' is not in sources.csv"),
    ("stations.csv", put("commune", "00001"), 2, "commune", "'00001' is no commune of version '2023'"),
    ("stations.csv", put("admin_version", ""), 2, "commune", "is no commune of version ''"),
    ("stations.csv", CHANGE.outlives, 2, "valid_to", "commune 02647 of 2023 ends earlier"),
    ("stations.csv", put("level_max_m", "86,91"), 2, "level_max_m", "'86,91' is no number"),
    ("stations.csv", put("level_max_m", "nan"), 2, "level_max_m", "'nan' is not finite"),
    ("services.csv", put("kind", "soap"), 2, "kind", "'soap' is none of: api, ndxp, sign_in"),
    ("counters.csv", put("agency", "nobody"), 2, "agency", "'nobody' is not in agencies.csv"),
    ("procedures.csv", put("domain", "nothing"), 2, "domain", "'nothing' is not in domains.csv"),
    ("categories.csv", put("hazard", ""), 2, "hazard", "is empty"),
    ("service_levels.csv", put("hours", "0"), 2, "hours", "must be more than 0"),
    ("service_levels.csv", put("clock", "moon"), 2, "clock", "'moon' is none of: working, calendar"),
    ("service_levels.csv", put("labels", "urgency"), 2, "labels", "'urgency' is not of the form label=value"),
    ("limits.csv", put("subject", "LC-L-9999"), 2, "subject", "'LC-L-9999' is not in stations.csv"),
    ("limits.csv", put("label", "river"), 2, "label", "'river' is none of"),
    ("limits.csv", put("label", ""), 2, "subject", "label and subject stand together"),
    ("limits.csv", put("value", "?"), 2, "value", "'?' is no number"),
    ("targets.csv", put("value", "inf"), 2, "value", "'inf' is not finite"),
    ("unit_changes.csv", put("code", "12345"), 2, "code", "'12345' is not in communes.csv"),
    ("provinces.csv", put("admin_version", "1999"), 2, "admin_version", "'1999' is not in admin_versions.csv"),
    ("office_hours.csv", put("weekday", "8"), 2, "weekday", "must be 1 (Monday) to 7 (Sunday)"),
    ("office_hours.csv", put("opens", "7h30"), 2, "opens", "'7h30' is no time of day"),
    ("office_hours.csv", put("closes", "07:00"), 2, "closes", "is not after opens"),
    ("office_hours.csv", put("valid_from", "2000-01-01T12:00"), 2, "valid_from", "change at midnight"),
    ("admin_units_2025.csv", put("admin_version", "2030"), 2, "admin_version", "'2030' is not in admin_versions.csv"),
    ("calendars/2026.csv", put("date", "30/4/2026"), 2, "date", "'30/4/2026' is no date"),
    ("calendars/2026.csv", put("date", "2025-01-01"), 2, "date", "2025-01-01 does not lie in 2026"),
    ("calendars/2026.csv", put("kind", "feast"), 2, "kind", "'feast' is none of: holiday, working"),
    ("calendars/2026.csv", put("status", ""), 2, "status", "is empty"),
    ("calendars/2026.csv", put("date", "2026-01-01", 2), 3, "date", "2026-01-01 stands twice"),
]


@pytest.mark.parametrize(
    ("file", "change", "line", "column", "message"),
    MISTAKES,
    ids=[f"{file} {column}: {message}" for file, _, _, column, message in MISTAKES],
)
def test_a_mistake_names_file_line_and_field(
    copy: Path, *, file: str, change: Callable[[list[list[str]]], object], line: int | None, column: str, message: str
) -> None:
    edit(copy / file, change)
    with pytest.raises(DeclarationError) as caught:
        load_reference(copy)
    where = f"reference/{file}, line {line}" if line else f"reference/{file}, line "
    assert str(caught.value).startswith(where)
    assert f", field {column}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_mistake_in_an_extending_folder_names_it_too(copy: Path) -> None:
    edit(copy / "foreign" / "stations.csv", put("agency", "nobody"))
    with pytest.raises(DeclarationError, match=r"^reference/foreign/stations\.csv, line 2, field agency: 'nobody'"):
        load_reference(copy, copy / "foreign")


def test_an_id_may_not_be_registered_again_by_an_extending_folder(copy: Path) -> None:
    edit(copy / "foreign" / "agencies.csv", put("agency", "kttv"))
    with pytest.raises(DeclarationError, match="has the same id"):
        load_reference(copy, copy / "foreign")


@pytest.mark.parametrize("name", ["limits.csv", "admin_units_2023.csv"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(DeclarationError, match=f"reference/{name} is missing"):
        load_reference(copy)


def test_a_file_that_is_no_list_is_named(copy: Path) -> None:
    (copy / "limit.csv").write_text("limit\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"limit\.csv in reference/ is no list"):
        load_reference(copy)


def test_a_year_lost_between_two_is_named(copy: Path) -> None:
    (copy / "calendars" / "2024.csv").unlink()
    with pytest.raises(DeclarationError, match=r"add reference/calendars/2024\.csv"):
        load_reference(copy)


def test_a_calendar_without_a_year_for_a_name_is_named(copy: Path) -> None:
    (copy / "calendars" / "next.csv").write_text("date\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"next\.csv in calendars/ is not named after a year"):
        load_reference(copy)


def test_a_file_that_is_not_utf8_says_how_to_save_it(copy: Path) -> None:
    path = copy / "domains.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    with pytest.raises(DeclarationError, match=r"reference/domains\.csv is not UTF-8: save it as CSV UTF-8"):
        load_reference(copy)


def test_an_open_quote_is_named(copy: Path) -> None:
    path = copy / "domains.csv"
    path.write_text(path.read_text(encoding="utf-8") + '"land,', encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"reference/domains\.csv, line \d+: "):
        load_reference(copy)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="does not exist"):
        load_reference(HOME, tmp_path / "nowhere")


def test_no_folder_at_all_is_refused() -> None:
    with pytest.raises(DeclarationError, match="no folder"):
        load_reference()


def test_a_province_without_a_version_of_its_units_is_refused(copy: Path) -> None:
    for name in ("unit_changes", "provinces", "stations", "counters", "limits"):
        edit(copy / f"{name}.csv", lambda rows: rows.__delitem__(slice(1, None)))
    for name in ("admin_versions", "admin_units_2023", "admin_units_2025"):
        edit(copy / f"{name}.csv", lambda rows: rows.__delitem__(slice(1, None)))
    with pytest.raises(DeclarationError, match=r"is empty|has no row"):
        load_reference(copy)


# What officials' programs do to a file.


def test_a_byte_order_mark_blank_lines_and_decomposed_letters_are_understood(copy: Path) -> None:
    path = copy / "domains.csv"
    text = unicodedata.normalize("NFD", path.read_text(encoding="utf-8"))
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n") + "\r\n").encode())
    domain = load_reference(copy).domains.get("land")
    assert domain is not None
    assert domain.title_vi == unicodedata.normalize("NFC", "Đất đai")


@pytest.mark.parametrize(
    ("cell", "same"),
    [("2025-07-01", "2025-07-01T00:00+07:00"), ("2025-07-01T19:00", "2025-07-01T12:00:00+00:00")],
)
def test_a_date_without_an_offset_is_local(cell: str, same: str) -> None:
    assert parse_moment(cell) == parse_moment(same)


def test_an_empty_end_is_open(reference: Reference) -> None:
    agency = reference.agencies.get("kttv")
    assert agency is not None
    assert agency.valid_to == FOREVER
