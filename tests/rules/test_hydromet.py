"""Rivers and rain: an alert outlives its station and its worker, limits are joined, and only life lets go."""

from pathlib import Path

import pytest

from tests.rules.promtool import Series, fires, judge, limit, needs_promtool, series, silent

pytestmark = needs_promtool

FILES = ("common", "hydromet")
FLOOD = [*limit("flood", 80, level="1", station="s"), *limit("flood", 83.5, level="3", station="s")]


def station(
    of: str, level: str | float = "_", known: str | float = 1, *, provenance: str = "real", partition: str = "0"
) -> list[Series]:
    """What a worker shows of a river station."""
    place = {"station": of, "topic": "ioc.hydromet.v1", "partition": partition, "provenance": provenance}
    return [
        series("ioc_hydromet_level_meters", level, **place),
        series("ioc_hydromet_level_known", known, **place),
        series("ioc_hydromet_level_as_of_timestamp_seconds", known if known == "_" else "1700000000x3000", **place),
    ]


def test_a_flood_alert_outlives_its_station_and_its_worker_and_ends_when_a_living_station_says_so(
    tmp_path: Path,
) -> None:
    """What is shown over time.

    minute    0        5           15             60                      120
    level     82       84          (withheld)     (worker dead)           82
    known     1        1           0              (worker dead)           1
    limits    there    there       there          (worker dead)           there
    """
    there = "{0}x59 stale _x59 {0}x60"
    limits = [
        *limit("flood", 80, level="1", station="s", until=there),
        *limit("flood", 83.5, level="3", station="s", until=there),
    ]
    real = station("s", "82x4 84x9 stale _x104 82x60", "1x14 0x44 stale _x59 1x60")
    # a living simulated twin of the dead real station lets go nothing
    simulated = station("s", 70, 1, provenance="simulated")
    three = {"severity": "P1", "station": "s", "provenance": "real"}

    judge(
        tmp_path,
        FILES,
        [*limits, *real, *simulated],
        {
            "4m": [
                silent("RiverAboveBD3", "82 m is below 83.5 m"),
                silent("RiverAboveBD3Silent", "the station lives"),
                silent("RiverStationLostInFlood", "the station lives, whatever its level"),
            ],
            "10m": [
                fires("RiverAboveBD3", **three),
                silent("RiverAboveBD3Silent", "the station lives"),
                silent("RiverStationLostInFlood", "the station lives, whatever its level"),
            ],
            "50m": [
                fires("RiverAboveBD3", **three),
                fires("RiverAboveBD3Silent", **three),
                fires("RiverStationLostInFlood", **three),
            ],
            "115m": [
                fires("RiverAboveBD3", **three),
                fires("RiverAboveBD3Silent", **three),
                fires("RiverStationLostInFlood", **three),
            ],
            "125m": [
                silent("RiverAboveBD3", "a living station says 82 m"),
                silent("RiverAboveBD3Silent", "the station lives"),
                silent("RiverStationLostInFlood", "the station lives"),
            ],
        },
    )


def test_a_restart_of_the_worker_is_no_silence(tmp_path: Path) -> None:
    """Away for a minute: the alert goes on, and its twin does not fire."""
    away = "{0}x19 stale {0}x40"
    inputs = [
        *limit("flood", 83.5, level="3", station="s", until=away),
        *limit("flood", 80, level="1", station="s", until=away),
        *station("s", away.format(84), away.format(1)),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            at: [
                fires("RiverAboveBD3", severity="P1", station="s"),
                silent("RiverAboveBD3Silent", "the worker was away for a minute only"),
                silent("RiverStationLostInFlood", "the worker was away for a minute only"),
            ]
            for at in ("19m", "20m", "21m", "22m")
        },
    )


def test_levels_one_and_two_wait_ten_minutes_and_have_their_twins(tmp_path: Path) -> None:
    limits = [*limit("flood", 80, level="1", station="s"), *limit("flood", 82, level="2", station="s")]
    judge(
        tmp_path,
        FILES,
        [*limits, *station("s", "79x9 82.5x30 stale _x100", "1x40 0x100")],
        {
            "15m": [silent("RiverAboveBD1", "not for ten minutes yet"), silent("RiverAboveBD2", "nor this")],
            "30m": [
                fires("RiverAboveBD1", severity="P3", station="s", hazard="true"),
                fires("RiverAboveBD2", severity="P2", station="s", hazard="true"),
                silent("RiverAboveBD1Silent", "the station lives"),
                silent("RiverAboveBD2Silent", "the station lives"),
                silent("RiverAboveBD3", "level 3 is not set, and an unset level is not 0"),
            ],
            "60m": [
                fires("RiverAboveBD1Silent", severity="P3", station="s"),
                fires("RiverAboveBD2Silent", severity="P2", station="s"),
                fires("RiverAboveBD1", severity="P3", station="s"),
            ],
        },
    )


def test_an_assumed_limit_never_calls_at_p1(tmp_path: Path) -> None:
    limits = [
        *limit("flood", 75, level="3", station="s", assumed=True),
        *limit("flood", 71, level="1", station="s", assumed=True),
    ]
    judge(
        tmp_path,
        FILES,
        [*limits, *station("s", "76x9 stale _x90", "1x9 0x90")],
        {
            "5m": [fires("RiverAboveBD3", severity="P2", station="s")],
            "30m": [
                fires("RiverAboveBD3", severity="P2", station="s"),
                fires("RiverAboveBD3Silent", severity="P2", station="s"),
                fires("RiverStationLostInFlood", severity="P2", station="s"),
            ],
        },
    )


def test_a_station_is_compared_with_its_own_limit_and_one_without_is_silent(tmp_path: Path) -> None:
    inputs = [
        *FLOOD,
        *limit("flood", 57, level="3", station="t"),
        *station("s", 58, partition="0"),
        *station("t", 58, partition="1"),
        *station("u", 500, partition="2"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "10m": [
                fires("RiverAboveBD3", station="t", severity="P1"),
                silent("RiverAboveBD3", "58 m is far below the 83.5 m of this station", station="s"),
                silent("RiverAboveBD3", "its levels are not set, which is not 0", station="u"),
            ]
        },
    )


def test_a_changed_limit_counts_at_once_and_both_workers_need_not_agree(tmp_path: Path) -> None:
    """85 m until minute 10, then 83 m; a second worker reads the file a minute later."""
    late = {"limit": "flood", "level": "3", "station": "s", "unit": "m", "instance": "w2"}
    limits = limit("flood", 0, level="3", station="s", until="85x9 83x40")[:1]
    inputs = [*limits, series("ioc_limit_value", "85x10 83x40", **late), *station("s", 84)]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "9m": [silent("RiverAboveBD3", "84 m is below 85 m")],
            "12m": [fires("RiverAboveBD3", station="s", severity="P1")],
        },
    )


@pytest.mark.parametrize("provenance", ["replay", "simulated"])
def test_replayed_and_simulated_rivers_keep_their_label(tmp_path: Path, provenance: str) -> None:
    judge(
        tmp_path,
        FILES,
        [*FLOOD, *station("s", 84, provenance=provenance)],
        {"5m": [fires("RiverAboveBD3", severity="P1", station="s", provenance=provenance)]},
    )


def rising(rate: str | float, known: str | float = 1, of: str = "s", provenance: str = "real") -> list[Series]:
    place = {"station": of, "topic": "ioc.hydromet.v1", "partition": "0", "provenance": provenance}
    return [
        series("ioc_hydromet_rise_meters_per_hour", rate, **place, window="1h"),
        series("ioc_hydromet_rise_known", known, **place),
    ]


def test_a_fast_rise_calls_near_the_next_level_and_where_nobody_knows_how_near(tmp_path: Path) -> None:
    limits = [
        *limit("river.rise", 0.5, assumed=True),
        *limit("river.near", 1.5, assumed=True),
        *(row for name in ("near", "far") for row in limit("flood", 80, level="1", station=name)),
    ]
    inputs = [
        *limits,
        *station("near", 79), *rising(0.6, of="near"),
        *station("far", 70), *rising(0.6, of="far"),
        *rising("0.6x59 stale _x60", "1x59 0x60", of="unset"),
        *station("slow", 79.9), *rising(0.4, of="slow"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "15m": [silent("RiverRisingFast", "not for twenty minutes yet")],
            "40m": [
                fires("RiverRisingFast", severity="P2", station="near"),
                fires("RiverRisingFast", severity="P2", station="unset"),
                silent("RiverRisingFast", "ten metres to the next level", station="far"),
                silent("RiverRisingFast", "0.4 m/h is below the limit", station="slow"),
                silent("RiverRisingFastSilent", "every station lives"),
            ],
            "90m": [fires("RiverRisingFastSilent", severity="P2", station="unset")],
        },
    )


def rain(of: str, window: str, amount: str | float, known: str | float = 1) -> list[Series]:
    place = {"station": of, "topic": "ioc.hydromet.v1", "partition": "0", "provenance": "real"}
    return [
        series("ioc_hydromet_rain_millimeters", amount, **place, window=window),
        series("ioc_hydromet_rain_known", known, **place, instance=window),
    ]


@pytest.mark.parametrize(("alert", "window", "of"), [
    ("RainExtreme1h", "1h", 50), ("RainExtreme3h", "3h", 70), ("RainExtreme24h", "24h", 100)])  # fmt: skip
def test_extreme_rain_of_a_window_calls_and_outlives_its_gauge(
    tmp_path: Path, alert: str, window: str, of: float
) -> None:
    other = "6h"
    inputs = [
        *limit(f"rain.{window}", of, assumed=True),
        *rain("wet", window, f"{of}x30 stale _x60", "1x30 0x60"),
        *rain("dry", window, of - 0.1),
        *rain("long", other, of + 100),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "20m": [
                fires(alert, severity="P2", station="wet", window=window),
                silent(alert, "a tenth of a millimetre below", station="dry"),
                silent(alert, "another window is not judged", station="long"),
                silent(f"{alert}Silent", "the gauge lives"),
            ],
            "60m": [
                fires(alert, severity="P2", station="wet", window=window),
                fires(f"{alert}Silent", severity="P2", station="wet", window=window),
            ],
        },
    )


def test_a_gauge_with_a_limit_of_its_own_is_compared_with_that(tmp_path: Path) -> None:
    inputs = [
        *limit("rain.1h", 50),
        *limit("rain.1h", 30, station="steep"),
        *rain("steep", "1h", 35),
        *rain("flat", "1h", 35),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "5m": [
                fires("RainExtreme1h", station="steep"),
                silent("RainExtreme1h", "35 mm is below the 50 mm that hold for all", station="flat"),
            ]
        },
    )


def test_alarm_levels_distances_and_times_come_from_the_living_level_and_the_levels_that_are_set(
    tmp_path: Path,
) -> None:
    limits = [
        *limit("flood", 80, level="1", station="s"),
        *limit("flood", 82, level="2", station="s"),
        *limit("flood", 83.5, level="3", station="s"),
        *limit("flood", 88.5, level="1", station="t"),
    ]
    inputs = [*limits, *station("s", 82.5), *rising(0.5), *station("t", 90), *station("u", 90)]
    at = {"s": '{provenance="real", station="s"}', "t": '{provenance="real", station="t"}'}
    judge(
        tmp_path,
        FILES,
        inputs,
        {},
        values={
            "5m": {
                "ioc:hydromet_alarm_level": [
                    (f"ioc:hydromet_alarm_level{at['s']}", 2),
                    (f"ioc:hydromet_alarm_level{at['t']}", 1),
                ],
                "ioc:hydromet_next_level_meters": [(f"ioc:hydromet_next_level_meters{at['s']}", 1)],
                "ioc:hydromet_next_level_seconds": [(f"ioc:hydromet_next_level_seconds{at['s']}", 7200)],
            }
        },
    )


def test_a_commune_has_the_rain_of_its_wettest_gauge_and_the_72_hours_before_the_last_24(tmp_path: Path) -> None:
    def info(of: str, title: str = "x") -> Series:
        where = {"commune": "02647", "admin_version": "2025"}
        return series("ioc_station_info", 1, station=of, **where, title_vi=title, instance=title)

    inputs = [
        info("a"), info("a", "another title, read by a second worker"), info("b"),
        *rain("a", "24h", 90), *rain("a", "96h", 130), *rain("b", "24h", 100), *rain("b", "96h", 120),
        *rain("elsewhere", "24h", 300),
    ]  # fmt: skip
    place = 'admin_version="2025", commune="02647", provenance="real"'
    name = "ioc:hydromet_rain_commune_max_millimeters"
    wanted = [(f'{name}{{{place}, window="24h"}}', 100.0), (f'{name}{{{place}, window="prior72h"}}', 40.0)]
    judge(tmp_path, FILES, inputs, {}, values={"5m": {name: wanted}})


def test_a_station_never_heard_of_is_unknown_and_counts_as_not_reporting(tmp_path: Path) -> None:
    def owed(of: str, kpi: str) -> Series:
        return series("ioc_station_expected", 1, feed="hydromet", kpi=kpi, station=of)

    inputs = [
        *(owed(of, "rain") for of in ("a", "b", "c", "d")),
        owed("r", "level"),
        *rain("a", "1h", 0, 1), *rain("b", "1h", 0, 0), *rain("c", "1h", 0, 1), *rain("closed", "1h", 0, 0),
    ]  # fmt: skip
    judge(tmp_path, FILES, inputs, {}, values={
        "5m": {
            "ioc:hydromet_rain_reporting_ratio": [('ioc:hydromet_rain_reporting_ratio{provenance="real"}', 0.5)],
            "ioc:hydromet_level_known": [('ioc:hydromet_level_known{provenance="real", station="r"}', 0)],
        }
    })  # fmt: skip
