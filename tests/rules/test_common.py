"""Feeds and their sources: stale, missing, rejecting, with a wrong clock, incomplete, catching up."""

from pathlib import Path

from tests.rules.promtool import Series, fires, judge, limit, needs_promtool, series, silent, states

pytestmark = needs_promtool

FILES = ("common",)


def source(of: str, feed: str = "hydromet", critical: str = "yes", status: str = "assumed") -> Series:
    return series("ioc_source_info", 1, source=of, feed=feed, critical=critical, status=status, instance="w1")


def heard(of: str, feed: str = "hydromet", values: str | float = 0, provenance: str = "real") -> Series:
    place = {"topic": f"ioc.{feed}.v1", "partition": "0"}
    return series("ioc_feed_last_event_timestamp_seconds", values, feed=feed, source=of, provenance=provenance, **place)


def test_a_silent_source_pages_if_it_is_critical_whatever_its_simulated_twin_says(tmp_path: Path) -> None:
    dies = {"live": "1x9 0x100", "stale": "0x9 1x100"}
    inputs = [
        source("rivers"), *states("hydromet", dies, source="rivers"),
        *states("hydromet", {"live": "1x3000", "stale": "0x3000"}, source="rivers", provenance="simulated"),
        source("igate", "dossier", "no"), *states("dossier", dies, source="igate"),
        source("late"), *states("hydromet", {"delayed": "1x3000", "stale": "0x3000"}, source="late"),
        source("film"), *states("hydromet", {"stale": "1x3000"}, source="film", provenance="replay"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "9m": [silent("FeedStale", "every real source lives or is only delayed")],
            "20m": [
                fires("FeedStale", severity="P2", source="rivers", feed="hydromet", provenance="real"),
                fires("FeedStale", severity="P3", source="igate", feed="dossier", provenance="real"),
                silent("FeedStale", "delayed is not stale", source="late"),
                silent("FeedStale", "a replay that is over is no fault", source="film"),
            ],
        },
    )


def test_a_stale_source_stays_stale_when_the_worker_dies_and_ends_with_a_living_event(tmp_path: Path) -> None:
    gone = {"live": "0x29 stale _x59 1x60", "stale": "1x29 stale _x59 0x60"}
    info = series("ioc_source_info", "1x29 stale _x59 1x60", source="rivers", feed="hydromet", critical="yes")
    judge(
        tmp_path,
        FILES,
        [info, *states("hydromet", gone, source="rivers")],
        {
            "25m": [fires("FeedStale", severity="P2", source="rivers")],
            "80m": [fires("FeedStale", severity="P2", source="rivers")],
            "100m": [silent("FeedStale", "it lives again")],
        },
    )


def test_a_registered_source_that_never_sent_is_missing_and_no_other(tmp_path: Path) -> None:
    inputs = [
        source("never"),
        source("simulated-only"), heard("simulated-only", provenance="simulated"),
        source("heard"), heard("heard", values="0x20 stale _x200"),
        source("film", status="foreign"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "3m": [silent("FeedMissing", "a worker that starts gets five minutes to recover")],
            "90m": [
                fires("FeedMissing", severity="P3", source="never", feed="hydromet", provenance="real"),
                fires("FeedMissing", severity="P3", source="simulated-only", feed="hydromet", provenance="real"),
                silent("FeedMissing", "it was heard before the worker died", source="heard"),
                silent("FeedMissing", "a source of replays owes nothing", source="film"),
            ],
        },
    )


def records(of: str, fate: str, values: str, provenance: str = "real", partition: str = "0") -> Series:
    place = {"topic": "ioc.dossier.v1", "partition": partition, "instance": "w1"}
    return series("ioc_feed_records", values, feed="dossier", source=of, fate=fate, provenance=provenance, **place)


def test_a_source_of_which_too_much_is_refused_calls_and_old_refusals_do_not(tmp_path: Path) -> None:
    inputs = [
        *limit("feed.rejecting", 0.05),
        records("bad", "accepted", "0+9x200"), records("bad", "rejected", "0+1x200"),
        records("good", "accepted", "0+99x200"), records("good", "rejected", "0+1x200"),
        records("once", "accepted", "0+9x200"), records("once", "rejected", "5000x200"),
        records("trial", "accepted", "0+1x200", "simulated"), records("trial", "rejected", "0+1x200", "simulated"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "4m": [silent("FeedRejecting", "not for five minutes yet")],
            "40m": [
                fires("FeedRejecting", severity="P3", source="bad", provenance="real"),
                fires("FeedRejecting", severity="P3", source="trial", provenance="simulated"),
                silent("FeedRejecting", "one in a hundred", source="good"),
                silent("FeedRejecting", "refused long ago", source="once"),
            ],
        },
    )


def test_a_clock_in_the_future_calls_until_it_is_right(tmp_path: Path) -> None:
    inputs = [
        *states("hydromet", {"clock_fault": "1x29 0x60", "live": "0x29 1x60"}, source="a"),
        *states("hydromet", {"clock_fault": "0x3000", "live": "1x3000"}, source="b"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "3m": [silent("FeedClockFault", "not for five minutes yet")],
            "20m": [
                fires("FeedClockFault", severity="P3", source="a"),
                silent("FeedClockFault", "its clock is right", source="b"),
            ],
            "40m": [silent("FeedClockFault", "its clock is right again")],
        },
    )


def test_a_source_that_sends_too_little_is_told_also_when_the_worker_dies(tmp_path: Path) -> None:
    def share(of: str, got: str, owed: str) -> list[Series]:
        place = {"feed": "hydromet", "source": of, "topic": "ioc.hydromet.v1", "partition": "0", "provenance": "real"}
        name = "ioc_feed_completeness_ratio"
        return [series(f"{name}_numerator", got, **place), series(f"{name}_denominator", owed, **place)]

    inputs = [
        *limit("feed.completeness", 0.8),
        *share("few", "70x119 stale _x100", "100x119 stale _x100"),
        *share("most", "80x3000", "100x3000"),
        *states("hydromet", {"live": "1x119 stale _x100"}, source="few"),
        *states("hydromet", {"live": "1x3000"}, source="most"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "30m": [silent("FeedIncomplete", "not for an hour yet")],
            "90m": [
                fires("FeedIncomplete", severity="P4", source="few"),
                silent("FeedIncomplete", "80 % is not below 80 %", source="most"),
            ],
            "3h": [fires("FeedIncomplete", severity="P4", source="few")],
        },
    )


def test_a_backlog_is_told_until_it_is_gone(tmp_path: Path) -> None:
    place = {"topic": "t", "partition": "0"}
    inputs = [
        *limit("feed.catching_up", 1000),
        series("ioc_consumer_lag_events", "9000-200x60", feed="dossier", **place),
        series("ioc_consumer_lag_events", 10, feed="hydromet", **place),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "20m": [
                fires("FeedCatchingUp", severity="P4", feed="dossier"),
                silent("FeedCatchingUp", "ten events are work in progress", feed="hydromet"),
            ],
            "45m": [silent("FeedCatchingUp", "the backlog is gone")],
        },
    )


def test_limits_and_titles_stay_in_force_while_no_worker_lives_and_go_when_their_row_ends(tmp_path: Path) -> None:
    """The worker is dead from minute 10 to 40; from 60 on the row is no longer in force, another still is."""
    inputs = [
        *limit("a", 1, until="{0}x9 stale _x29 {0}x19 stale _x60"),
        *limit("b", 2, until="{0}x9 stale _x29 {0}x80"),
    ]
    a, b = ('ioc:limit_value{limit="a"}', 1.0), ('ioc:limit_value{limit="b"}', 2.0)
    wanted = {"5m": [a, b], "30m": [a, b], "50m": [a, b], "70m": [b]}
    values = {at: {"ioc:limit_value": rows} for at, rows in wanted.items()}
    judge(tmp_path, FILES, inputs, {}, values=values)
