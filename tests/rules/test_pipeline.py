"""Alerts about ourselves: what fires, and what a restart, a draining backlog or a quiet night must not set off."""

from pathlib import Path

from tests.rules.promtool import Series, fires, judge, limit, needs_promtool, series, silent

pytestmark = needs_promtool

FILES = ("common", "pipeline")


def up(values: str, instance: str = "w1") -> Series:
    return series("up", values, job="ioc-worker", instance=instance)


def test_the_watchdog_always_beats(tmp_path: Path) -> None:
    judge(tmp_path, FILES, [], {at: [fires("Watchdog", severity="none", duty="it")] for at in ("0m", "1h")})


def test_the_death_of_the_last_worker_pages_and_a_quick_restart_does_not(tmp_path: Path) -> None:
    judge(
        tmp_path,
        FILES,
        [up("1x20 0x0 1x20 0x20"), up("1x41 0x20", "w2")],
        {
            "21m": [silent("WorkerAbsent", "the other worker lives")],
            "41m": [silent("WorkerAbsent", "both are away, not for a minute yet")],
            "50m": [fires("WorkerAbsent", severity="P1", duty="it")],
        },
    )


def test_a_list_of_targets_without_a_worker_is_no_worker(tmp_path: Path) -> None:
    judge(tmp_path, FILES, [series("up", 1, job="prometheus")], {"5m": [fires("WorkerAbsent", severity="P1")]})


def owner(topic: str, partition: str, values: str | float = 1, instance: str = "w1") -> Series:
    return series("ioc_partition_owner", values, topic=topic, partition=partition, instance=instance)


def test_a_partition_that_nobody_reads_calls_and_a_hand_over_does_not(tmp_path: Path) -> None:
    inputs = [
        *(series("ioc_feed_partitions", 2, feed=feed, topic=feed) for feed in ("half", "none", "moved")),
        owner("half", "0"), owner("half", "1", "1x9 stale _x60"),
        owner("moved", "0"), owner("moved", "1", "1x9 stale _x60"), owner("moved", "1", "_x10 1x60", "w2"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "20m": [
                fires("PartitionUnread", severity="P2", topic="half"),
                fires("PartitionUnread", severity="P2", topic="none"),
                silent("PartitionUnread", "the other worker took it over", topic="moved"),
            ]
        },
    )


def lag(feed: str, values: str) -> Series:
    return series("ioc_consumer_lag_events", values, feed=feed, topic=feed, partition="0", instance="w1")


def test_a_growing_backlog_calls_and_a_draining_one_does_not(tmp_path: Path) -> None:
    inputs = [
        *limit("feed.lag_events", 100),
        lag("grows", "0+10x60 600-50x12 0x60"), lag("drains", "9000-10x200"), lag("small", "0+1x60 50x100"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "15m": [silent("ConsumerLagGrowing", "not for a quarter of an hour yet")],
            "40m": [
                fires("ConsumerLagGrowing", severity="P2", topic="grows", feed="grows"),
                silent("ConsumerLagGrowing", "9,000 events, but fewer every minute", topic="drains"),
                silent("ConsumerLagGrowing", "fewer than anybody looks at", topic="small"),
                silent("AllFeedsLagging", "two of three do not grow"),
            ],
            "100m": [silent("ConsumerLagGrowing", "the backlog is gone")],
        },
    )


def test_when_every_feed_falls_behind_the_centre_goes_blind(tmp_path: Path) -> None:
    inputs = [*limit("feed.lag_events", 100), lag("a", "0+20x100"), lag("b", "200+50x100")]
    judge(tmp_path, FILES, inputs, {"40m": [fires("AllFeedsLagging", severity="P1")]})


def lane(partition: str, mark: str, accepted: str, provenance: str = "real") -> list[Series]:
    place = {"topic": "ioc.dossier.v1", "partition": partition, "provenance": provenance, "instance": "w1"}
    return [
        series("ioc_watermark_timestamp_seconds", mark, **place),
        series("ioc_feed_records", accepted, **place, feed="dossier", source="a", fate="accepted"),
    ]


def test_a_watermark_that_stands_calls_only_while_events_are_accepted(tmp_path: Path) -> None:
    inputs = [
        *lane("0", "1000x100", "0+5x100"),
        *lane("1", "0+60x100", "0+5x100"),
        *lane("2", "1000x100", "500x100"),
        *lane("3", "1000x100", "0+5x100", "replay"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "30m": [
                fires("WatermarkStuck", severity="P2", partition="0", provenance="real"),
                silent("WatermarkStuck", "event time goes on", partition="1"),
                silent("WatermarkStuck", "a quiet night: nothing is accepted", partition="2"),
                silent("WatermarkStuck", "a replay is nobody's page", partition="3"),
            ]
        },
    )


def durable(partition: str, moved: str, confirmed: str) -> list[Series]:
    place = {"topic": "t", "partition": partition, "instance": "w1"}
    return [
        series("ioc_progress_timestamp_seconds", moved, **place),
        series("ioc_snapshot_confirmed_timestamp_seconds", confirmed, **place),
    ]


def test_a_state_that_kafka_does_not_confirm_calls_and_an_idle_one_does_not(tmp_path: Path) -> None:
    inputs = [
        *limit("pipeline.unconfirmed", 60),
        *durable("0", "0+60x60", "0+60x9 540x50"),
        *durable("1", "540x60", "541x60"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "9m": [silent("SnapshotNotConfirmed", "every snapshot is confirmed so far")],
            "20m": [
                fires("SnapshotNotConfirmed", severity="P2", partition="0"),
                silent("SnapshotNotConfirmed", "nothing has moved since", partition="1"),
            ],
        },
    )


def test_an_old_dead_letter_calls_until_it_is_dealt_with(tmp_path: Path) -> None:
    def letters(feed: str, number: str, oldest: str) -> list[Series]:
        place = {"feed": feed, "topic": feed, "partition": "0", "instance": "w1"}
        return [
            series("ioc_dead_letters_pending", number, **place),
            series("ioc_dead_letter_oldest_timestamp_seconds", oldest, **place),
        ]

    inputs = [
        *limit("feed.dead_letter_age", 14400),
        *letters("old", "3x299 0x300", "0x299 stale _x300"),
        *letters("new", "1x3000", "0+60x3000"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "230m": [silent("DeadLettersOld", "not four hours old yet")],
            "270m": [
                fires("DeadLettersOld", severity="P3", feed="old"),
                silent("DeadLettersOld", "the oldest came just now", feed="new"),
            ],
            "320m": [silent("DeadLettersOld", "all were replayed")],
        },
    )


def counters(of: str, read: str, refused: str, reason: str) -> list[Series]:
    place = {"feed": "dossier", "source": of, "instance": "w1"}
    return [
        series("ioc_events_read_total", read, **place),
        series("ioc_events_rejected_total", refused, **place, reason=reason),
    ]


def test_refusals_that_are_our_fault_burn_the_budget(tmp_path: Path) -> None:
    """2 % against a promise of 0.1 %: twenty times too fast."""
    inputs = [*limit("objective.acceptance", 0.999), *counters("a", "0+100x400", "0+2x400", "unknown_entity")]
    burning = [
        fires("ErrorBudgetBurn", severity=severity, window=window)
        for window, severity in (("1h", "P2"), ("6h", "P2"), ("1d", "P3"))
    ]
    judge(tmp_path, FILES, inputs, {"70m": burning})


def test_refusals_that_are_the_sender_s_or_a_replay_s_do_not_and_neither_does_a_restart(tmp_path: Path) -> None:
    inputs = [
        *limit("objective.acceptance", 0.999),
        *counters("a", "0+100x60 0+100x340", "0+20x60 0+20x340", "schema_violation"),
        *counters("film", "0+100x400", "0+90x400", "unknown_entity"),
        series("ioc_source_info", 1, source="film", feed="dossier", status="foreign"),
    ]
    reason = "a wrong field is the sender's, a replay none of our promise, a restart no refusal"
    judge(tmp_path, FILES, inputs, {"70m": [silent("ErrorBudgetBurn", reason)]})


def test_a_page_that_grows_is_told_before_it_is_refused_and_a_refused_one_pages(tmp_path: Path) -> None:
    inputs = [
        *limit("scrape.samples", 16000),
        series("scrape_samples_scraped", 17000, job="ioc-worker", instance="big"),
        series("scrape_samples_scraped", 2000, job="ioc-worker", instance="small"),
        series("prometheus_target_scrapes_exceeded_sample_limit_total", "0x30 1x60", instance="p"),
        series("prometheus_target_scrapes_exceeded_body_size_limit_total", 0, instance="p"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "20m": [
                fires("ScrapeLimitNear", severity="P3", instance="big"),
                silent("ScrapeLimitNear", "an eighth of the limit", instance="small"),
                silent("ScrapeRefused", "nothing was refused"),
            ],
            "35m": [fires("ScrapeRefused", severity="P1", instance="p")],
            "60m": [silent("ScrapeRefused", "nothing was refused since")],
        },
    )


def test_wrong_reference_data_is_told_until_it_is_mended(tmp_path: Path) -> None:
    inputs = [
        series("ioc_reference_valid", "1x5 0x20 1x20", instance="w1"),
        series("ioc_reference_valid", 1, instance="w2"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "4m": [silent("ReferenceInvalid", "every file holds")],
            "10m": [
                fires("ReferenceInvalid", severity="P3", instance="w1"),
                silent("ReferenceInvalid", "this worker read it when it was right", instance="w2"),
            ],
            "40m": [silent("ReferenceInvalid", "it is mended")],
        },
    )


def test_a_worker_whose_clock_is_another_than_kafka_s_calls_in_both_directions(tmp_path: Path) -> None:
    offsets = {"fast": "600x30 0x30", "slow": "-600x60", "near": "-4x60", "once": "0x9 600 0x50"}
    inputs = [
        *limit("pipeline.clock", 5),
        *(series("ioc_worker_clock_offset_seconds", values, instance=name) for name, values in offsets.items()),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "1m": [silent("ClockSkew", "it has to last", instance="fast")],
            "12m": [
                *(fires("ClockSkew", severity="P2", duty="it", instance=name) for name in ("fast", "slow")),
                silent("ClockSkew", "below the limit", instance="near"),
                silent("ClockSkew", "a moment", instance="once"),
            ],
            "40m": [silent("ClockSkew", "it was set right", instance="fast")],
        },
    )


def test_readers_that_differ_call_for_a_day_and_a_restart_does_not(tmp_path: Path) -> None:
    inputs = [
        series("ioc_reader_differences_total", "0x10 1x5 stale _x5 0x1600", feed="differs", instance="w1"),
        series("ioc_reader_differences_total", "0x10 0x5 stale _x5 0x1600", feed="agrees", instance="w1"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "9m": [silent("ReadersDiffer", "they agree")],
            "40m": [
                fires("ReadersDiffer", severity="P2", duty="it", feed="differs"),
                silent("ReadersDiffer", "these agree, and a restart is no difference", feed="agrees"),
            ],
            "26h": [silent("ReadersDiffer", "it was more than a day ago")],
        },
    )


def test_a_record_set_aside_as_a_killer_calls_for_a_day_also_if_its_counter_was_never_seen_at_nothing(
        tmp_path: Path) -> None:
    def rejected(values: str, feed: str, instance: str = "w1", reason: str = "process_killer") -> Series:
        return series("ioc_events_rejected_total", values, feed=feed, source="other", reason=reason, instance=instance)

    inputs = [
        rejected("0x5 1x1600", "grew"),
        rejected("0x1600", "new"), rejected("_x5 1x1600", "new", "w2"),
        rejected("0x1600", "none"), rejected("_x5 0x1600", "none", "w2"), rejected("5x1600", "none", reason="not_json"),
    ]  # fmt: skip
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "4m": [silent("ProcessKillerQuarantined", "there is none yet")],
            "10m": [
                fires("ProcessKillerQuarantined", severity="P2", duty="it", feed="grew"),
                fires("ProcessKillerQuarantined", severity="P2", duty="it", feed="new"),
                silent("ProcessKillerQuarantined", "other reasons are no killers, a restart is none", feed="none"),
            ],
            "26h": [silent("ProcessKillerQuarantined", "it was more than a day ago")],
        },
    )


def test_faults_of_the_monitoring_itself_call(tmp_path: Path) -> None:
    inputs = [
        series("prometheus_rule_evaluation_failures_total", "0+1x60", rule_group="a"),
        series("prometheus_rule_evaluation_failures_total", "7x60", rule_group="b"),
        series("prometheus_notifications_alertmanagers_discovered", "1x20 0x60", instance="p"),
        series("alertmanager_notifications_failed_total", "0+1x60", integration="webhook"),
        series("alertmanager_notifications_failed_total", "7x60", integration="email"),
    ]
    judge(
        tmp_path,
        FILES,
        inputs,
        {
            "15m": [silent("AlertmanagerUnreachable", "it is found")],
            "40m": [
                fires("RuleEvaluationFailing", severity="P2", rule_group="a"),
                silent("RuleEvaluationFailing", "it failed long ago", rule_group="b"),
                fires("AlertmanagerUnreachable", severity="P2"),
                fires("NotificationsFailing", severity="P2", integration="webhook"),
                silent("NotificationsFailing", "it failed long ago", integration="email"),
            ],
        },
    )
