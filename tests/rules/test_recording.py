"""The recording rules, judged by promtool: partitions merge, hand-overs do not double, the stale is withheld."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules import feed as recording
from rules import promql
from schemas.catalogue import find_feed, load_feeds

ROOT = Path(__file__).resolve().parents[2]
GENERATED = sorted((ROOT / "rules" / "generated").glob("*.yml"))

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed"
)


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)


def series(name: str, value: str, **labels: str) -> dict[str, str]:
    """One input series, the same value every minute; `_` is a missing sample."""
    inner = ", ".join(f'{label}="{text}"' for label, text in labels.items())
    return {"series": f"{name}{{{inner}}}", "values": value}


def steady(name: str, value: float, **labels: str) -> dict[str, str]:
    return series(name, f"{value:g}x20", **labels)


def state(
    feed: str, name: str, source: str = "a", provenance: str = "real", instance: str = "w1"
) -> list[dict[str, str]]:
    """What a worker says of one source: one state is 1, the others 0."""
    return [steady("ioc_feed_state", int(each == name), feed=feed, source=source, state=each, provenance=provenance,
                   instance=instance) for each in promql.STATES]  # fmt: skip


def judge(
    tmp_path: Path, inputs: list[dict[str, str]], expected: dict[str, list[tuple[str, float]]], at: str = "10m"
) -> None:
    """Lets promtool compare each expression's samples at a moment with (labels, value); an empty list is silence."""
    tests = [
        {
            "expr": expr,
            "eval_time": at,
            "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
        }
        for expr, samples in expected.items()
    ]
    test: dict[str, Any] = {
        "rule_files": [str(path) for path in GENERATED], "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": tests}],
    }  # fmt: skip
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_to_complain_about() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *map(str, GENERATED))

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(GENERATED) == len(load_feeds()) + 2


OFFICE = {"agency": "sxd", "commune": "", "admin_version": ""}
HERE = {**OFFICE, "topic": "ioc.dossier.v1", "provenance": "real"}


def test_two_workers_that_show_one_partition_in_a_hand_over_do_not_double_it(tmp_path: Path) -> None:
    judge(
        tmp_path,
        [
            *state("dossier", "live"),
            steady("ioc_dossier_overdue", 10, **HERE, partition="0", instance="w1"),
            steady("ioc_dossier_overdue", 12, **HERE, partition="0", instance="w2"),
            steady("ioc_dossier_overdue", 5, **HERE, partition="1", instance="w2"),
        ],
        {"ioc:dossier_overdue": [('ioc:dossier_overdue{agency="sxd", provenance="real"}', 17)]},
    )


def test_a_ratio_is_divided_once_over_all_partitions(tmp_path: Path) -> None:
    """1 of 2 and 8 of 10 are 9 of 12, not the mean of a half and four fifths."""
    labels = {**HERE, "basis": "original", "window": "30d"}
    parts = [("0", 1, 2), ("1", 8, 10)]
    inputs = [
        steady(f"ioc_dossier_on_time_ratio_{part}", number, **labels, partition=partition, instance="w1")
        for partition, above, below in parts for part, number in (("numerator", above), ("denominator", below))
    ]  # fmt: skip

    judge(
        tmp_path,
        [*state("dossier", "live"), *inputs],
        {
            "ioc:dossier_on_time_ratio": [
                ('ioc:dossier_on_time_ratio{agency="sxd", basis="original", provenance="real", window="30d"}', 0.75)
            ]
        },
    )


def test_a_ratio_over_nothing_is_no_number(tmp_path: Path) -> None:
    inputs = [
        steady(f"ioc_dossier_lateness_ratio_{part}", 0, **HERE, partition="0") for part in ("numerator", "denominator")
    ]

    judge(tmp_path, [*state("dossier", "live"), *inputs], {"ioc:dossier_lateness_ratio": []})


def test_real_replayed_and_simulated_numbers_never_meet(tmp_path: Path) -> None:
    lanes = {"real": 3, "replay": 100, "simulated": 1000}
    inputs = [
        steady("ioc_dossier_open", number, **{**HERE, "provenance": lane}, state="assigned", partition="0")
        for lane, number in lanes.items()
    ]
    alive = [each for lane in lanes for each in state("dossier", "live", provenance=lane)]

    judge(
        tmp_path,
        [*alive, *inputs],
        {
            "ioc:dossier_open": [
                (f'ioc:dossier_open{{agency="sxd", provenance="{lane}", state="assigned"}}', number)
                for lane, number in lanes.items()
            ]
        },
    )


def test_a_kpi_is_withheld_where_every_source_of_its_feed_is_stale_or_off_and_nowhere_else(tmp_path: Path) -> None:
    lanes = ("real", "replay")
    inputs = [steady("ioc_dossier_overdue", 7, **{**HERE, "provenance": lane}, partition="0") for lane in lanes]
    sources = [
        *state("dossier", "stale", source="a", provenance="real"),
        *state("dossier", "off", source="b", provenance="real"),
        *state("dossier", "stale", source="a", provenance="replay"),
        *state("dossier", "delayed", source="b", provenance="replay"),
        *state("feedback", "live", source="c", provenance="real"),
    ]

    judge(
        tmp_path,
        [*inputs, *sources],
        {"ioc:dossier_overdue": [('ioc:dossier_overdue{agency="sxd", provenance="replay"}', 7)]},
    )


def test_withholding_begins_and_ends_with_the_state(tmp_path: Path) -> None:
    """Live for five minutes, stale for ten, live again."""
    alive, dead = "1x4 0x9 1x5", "0x4 1x9 0x5"
    inputs = [
        steady("ioc_dossier_overdue", 7, **HERE, partition="0"),
        series("ioc_feed_state", alive, feed="dossier", source="a", state="live", provenance="real"),
        series("ioc_feed_state", dead, feed="dossier", source="a", state="stale", provenance="real"),
    ]
    shown = ('ioc:dossier_overdue{agency="sxd", provenance="real"}', 7.0)

    for at, samples in (("3m", [shown]), ("10m", []), ("18m", [shown])):
        judge(tmp_path, inputs, {"ioc:dossier_overdue": samples}, at=at)


def test_a_station_is_not_withheld_by_its_feed_but_by_its_own_silence_in_the_worker(tmp_path: Path) -> None:
    place = {"station": "LC-L-0001", "topic": "ioc.hydromet.v1", "partition": "3", "provenance": "real"}
    judge(
        tmp_path,
        [
            *state("hydromet", "stale"),
            steady("ioc_hydromet_level_meters", 82.6, **place),
            steady("ioc_hydromet_level_known", 1, **place),
        ],
        {
            "ioc:hydromet_level_meters": [('ioc:hydromet_level_meters{provenance="real", station="LC-L-0001"}', 82.6)],
            "ioc:hydromet_level_known": [('ioc:hydromet_level_known{provenance="real", station="LC-L-0001"}', 1)],
        },
    )


def test_a_source_that_one_worker_hears_is_live_whatever_another_says(tmp_path: Path) -> None:
    judge(
        tmp_path,
        [*state("dossier", "stale", instance="w1"), *state("dossier", "live", instance="w2")],
        {
            "ioc:feed_source_state == 1": [
                ('ioc:feed_source_state{feed="dossier", provenance="real", source="a", state="live"}', 1)
            ],
            "ioc:feed_state == 1": [('ioc:feed_state{feed="dossier", provenance="real", state="live"}', 1)],
            "count by (feed) (ioc:feed_state)": [('{feed="dossier"}', 5)],
        },
    )


@pytest.mark.parametrize("name", promql.STATES)
def test_every_state_is_told_as_such(tmp_path: Path, name: str) -> None:
    judge(
        tmp_path,
        state("dossier", name),
        {"ioc:feed_state == 1": [(f'ioc:feed_state{{feed="dossier", provenance="real", state="{name}"}}', 1)]},
    )


def test_the_oldest_of_all_partitions_is_the_oldest(tmp_path: Path) -> None:
    name = "ioc_feedback_urgent_oldest_unaccepted_timestamp_seconds"
    place = {"topic": "ioc.feedback.v1", "provenance": "real"}
    judge(
        tmp_path,
        [*state("feedback", "live"), *(steady(name, at, **place, partition=str(at)) for at in (900, 700, 800))],
        {"ioc:feedback_urgent_oldest_unaccepted_timestamp_seconds": [
            ('ioc:feedback_urgent_oldest_unaccepted_timestamp_seconds{provenance="real"}', 700)]},
    )  # fmt: skip


def test_buckets_of_partitions_add_and_give_a_quantile(tmp_path: Path) -> None:
    place = {"domain": "land", "window": "30d", "topic": "ioc.dossier.v1", "provenance": "real"}
    counts = {"0": {"28800.0": 3, "57600.0": 3, "+Inf": 3}, "1": {"28800.0": 1, "57600.0": 7, "+Inf": 7}}
    inputs = [
        steady("ioc_dossier_resolution_working_seconds_bucket", number, **place, partition=partition, le=bound)
        for partition, buckets in counts.items() for bound, number in buckets.items()
    ]  # fmt: skip

    recorded = "ioc:dossier_resolution_working_seconds_bucket"
    judge(
        tmp_path,
        [*state("dossier", "live"), *inputs],
        {
            f'{recorded}{{le="57600.0"}}': [
                (f'{recorded}{{domain="land", le="57600.0", provenance="real", window="30d"}}', 10)
            ],
            f"histogram_quantile(0.4, {recorded})": [('{domain="land", provenance="real", window="30d"}', 28800)],
        },
    )


def test_records_add_over_partitions_and_completeness_is_owed_once(tmp_path: Path) -> None:
    """Each partition states what the whole source owes: 144 readings, of which 50 and 40 came."""
    place = {"feed": "hydromet", "source": "a", "topic": "ioc.hydromet.v1", "provenance": "real"}
    name = "ioc_feed_completeness_ratio"
    judge(
        tmp_path,
        [
            steady(f"{name}_numerator", 50, **place, partition="0"),
            steady(f"{name}_numerator", 40, **place, partition="1"),
            steady(f"{name}_denominator", 144, **place, partition="0"),
            steady(f"{name}_denominator", 144, **place, partition="1"),
            steady("ioc_feed_records", 5, **place, fate="accepted", partition="0", instance="w1"),
            steady("ioc_feed_records", 5, **place, fate="accepted", partition="0", instance="w2"),
            steady("ioc_feed_records", 6, **place, fate="accepted", partition="1", instance="w2"),
        ],
        {
            "ioc:feed_completeness_ratio": [
                ('ioc:feed_completeness_ratio{feed="hydromet", provenance="real", source="a"}', 0.625)
            ],
            "ioc:feed_records": [
                ('ioc:feed_records{fate="accepted", feed="hydromet", provenance="real", source="a"}', 11)
            ],
        },
    )


def test_the_watermark_of_a_topic_is_that_of_its_slowest_partition(tmp_path: Path) -> None:
    place = {"topic": "ioc.dossier.v1", "provenance": "real"}
    judge(
        tmp_path,
        [
            steady("ioc_watermark_timestamp_seconds", 500, **place, partition="0", instance="w1"),
            steady("ioc_watermark_timestamp_seconds", 520, **place, partition="0", instance="w2"),
            steady("ioc_watermark_timestamp_seconds", 600, **place, partition="1", instance="w2"),
        ],
        {"ioc:watermark_timestamp_seconds": [
            ('ioc:watermark_timestamp_seconds{provenance="real", topic="ioc.dossier.v1"}', 520)]},
    )  # fmt: skip


def test_lag_is_counted_once_a_partition(tmp_path: Path) -> None:
    place = {"feed": "dossier", "topic": "ioc.dossier.v1"}
    judge(
        tmp_path,
        [
            steady("ioc_consumer_lag_events", 5, **place, partition="0", instance="w1"),
            steady("ioc_consumer_lag_events", 7, **place, partition="0", instance="w2"),
            steady("ioc_consumer_lag_events", 1, **place, partition="1", instance="w2"),
        ],
        {"ioc:consumer_lag_events": [('ioc:consumer_lag_events{feed="dossier", topic="ioc.dossier.v1"}', 8)]},
    )


def test_variants_of_a_kpi_share_one_rule_with_the_label_that_tells_them_apart() -> None:
    records = [rule["record"] for rule in recording.rules(find_feed("exchange"))]

    assert records.count("ioc:exchange_errors") == 1
    assert recording.labels(find_feed("exchange"), "ioc_exchange_errors") == ("service", "class", "window")
