"""Dossiers, reports and data exchange: what is not by a station is held by the life of its feed and its partitions."""

from pathlib import Path

from tests.rules.promtool import Series, fires, judge, limit, needs_promtool, series, silent, states

pytestmark = needs_promtool

OFFICE = {"agency": "sxd", "commune": "", "admin_version": ""}


def lateness(overdue: str, open_: str, *, agency: str = "sxd") -> list[Series]:
    place = {"topic": "ioc.dossier.v1", "partition": "0", "provenance": "real", "agency": agency}
    return [
        series("ioc_dossier_lateness_ratio_numerator", overdue, **place),
        series("ioc_dossier_lateness_ratio_denominator", open_, **place),
    ]


def test_a_share_of_overdue_dossiers_outlives_its_feed_and_is_let_go_by_a_living_one(tmp_path: Path) -> None:
    """What is shown over time.

    hour     0       10 (fires since 8)   12            20
    feed     live    live                 stale         live
    overdue  10 %    10 %                 (withheld)    1 %
    """
    inputs = [
        *limit("dossier.lateness", 0.05, assumed=True),
        *lateness("10x1199 1x600", "100x3000"),
        *states("dossier", {"live": "1x719 0x479 1x600", "stale": "0x719 1x479 0x600"}),
        *states("dossier", {"live": "1x3000"}, provenance="simulated"),
        *states("feedback", {"live": "1x3000"}),
    ]
    judge(
        tmp_path,
        ("common", "dossier"),
        inputs,
        {
            "7h": [silent("DossiersOverdue", "not for a working day yet")],
            "10h": [
                fires("DossiersOverdue", severity="P3", agency="sxd", provenance="real"),
                silent("DossiersOverdueSilent", "the feed lives"),
            ],
            "15h": [
                fires("DossiersOverdue", severity="P3", agency="sxd", provenance="real"),
                fires("DossiersOverdueSilent", severity="P3", agency="sxd", provenance="real"),
            ],
            "21h": [
                silent("DossiersOverdue", "one in a hundred is below one in twenty"),
                silent("DossiersOverdueSilent", "the feed lives"),
            ],
        },
        values={"15h": {"ioc:dossier_lateness_ratio": []}},
    )


def test_an_office_with_a_limit_of_its_own_is_compared_with_that(tmp_path: Path) -> None:
    inputs = [
        *limit("dossier.lateness", 0.05),
        *limit("dossier.lateness", 0.2, agency="sxd"),
        *lateness("10x3000", "100x3000"),
        *lateness("10x3000", "100x3000", agency="syt"),
        *states("dossier", {"live": "1x3000"}),
    ]
    judge(
        tmp_path,
        ("common", "dossier"),
        inputs,
        {
            "10h": [
                fires("DossiersOverdue", agency="syt"),
                silent("DossiersOverdue", "a tenth is allowed to this office", agency="sxd"),
            ]
        },
    )


def test_a_sum_is_withheld_and_held_while_one_of_two_workers_is_dead(tmp_path: Path) -> None:
    """Partition 1 goes dark at minute 10: 3 + 4 would become 3 without a sign of it."""
    place = {"topic": "ioc.dossier.v1", "provenance": "real", **OFFICE}
    name = "ioc_dossier_overdue_without_apology"
    inputs = [
        *limit("dossier.unapologised", 4),
        series(name, 3, **place, partition="0", instance="w1"),
        series(name, "4x9 stale _x500", **place, partition="1", instance="w2"),
        series("ioc_next_offset", 9, topic="ioc.dossier.v1", partition="0", instance="w1"),
        series("ioc_next_offset", "9x9 stale _x500", topic="ioc.dossier.v1", partition="1", instance="w2"),
        series("ioc_feed_partitions", 2, feed="dossier", topic="ioc.dossier.v1", instance="w1"),
        *states("dossier", {"live": "1x3000"}),
    ]
    of = '{agency="sxd", provenance="real"}'
    judge(
        tmp_path,
        ("common", "dossier"),
        inputs,
        {},
        values={
            "9m": {"ioc:dossier_overdue_without_apology": [(f"ioc:dossier_overdue_without_apology{of}", 7)]},
            "20m": {
                "ioc:dossier_overdue_without_apology": [],
                "ioc:dossier_overdue_without_apology:held": [(f"ioc:dossier_overdue_without_apology:held{of}", 7)],
            },
        },
    )


def test_overdue_dossiers_without_a_letter_call_until_the_last_letter_is_sent(tmp_path: Path) -> None:
    place = {"topic": "ioc.dossier.v1", "provenance": "real", "partition": "0"}
    name = "ioc_dossier_overdue_without_apology"
    inputs = [
        *limit("dossier.unapologised", 1),
        series(name, "2x119 2x120 0x120", **place, **OFFICE),
        series(name, "0x3000", **place, agency="syt"),
        *states("dossier", {"live": "1x119 0x119 1x120", "stale": "0x119 1x119 0x120"}),
    ]
    judge(
        tmp_path,
        ("common", "dossier"),
        inputs,
        {
            "110m": [
                fires("DossierOverdueNoApology", severity="P3", agency="sxd", duty="pac"),
                silent("DossierOverdueNoApology", "none is overdue there", agency="syt"),
                silent("DossierOverdueNoApologySilent", "the feed lives"),
            ],
            "3h": [
                fires("DossierOverdueNoApology", severity="P3", agency="sxd", duty="pac"),
                fires("DossierOverdueNoApologySilent", severity="P3", agency="sxd", duty="pac"),
            ],
            "5h": [silent("DossierOverdueNoApology", "every letter is sent")],
        },
    )


def test_targets_are_joined_the_office_s_own_first(tmp_path: Path) -> None:
    place = {"topic": "ioc.dossier.v1", "partition": "0", "provenance": "real", "window": "30d"}
    inputs = [
        *(series(f"ioc_dossier_digitised_ratio_{part}", value, **place, agency=agency)
          for agency in ("sxd", "syt") for part, value in (("numerator", 4), ("denominator", 10))),
        series("ioc_kpi_target_ratio", 0.8, kpi="dossier_digitised"),
        series("ioc_kpi_target_ratio", 0.5, kpi="dossier_digitised", agency="syt"),
        *states("dossier", {"live": "1x3000"}),
    ]  # fmt: skip
    name = "ioc:dossier_digitised_ratio:attainment"
    judge(tmp_path, ("common", "dossier"), inputs, {}, values={"5m": {name: [
        (f'{name}{{agency="sxd", provenance="real", window="30d"}}', 0.5),
        (f'{name}{{agency="syt", provenance="real", window="30d"}}', 0.8),
    ]}})  # fmt: skip


def test_an_urgent_report_calls_after_half_an_hour_of_event_time_day_and_night(tmp_path: Path) -> None:
    """Received at 0 s; event time goes on with the clock until the hotline falls silent at minute 60."""
    place = {"topic": "ioc.feedback.v1", "partition": "0", "provenance": "real"}
    name = "ioc_feedback_urgent_oldest_unaccepted_timestamp_seconds"
    inputs = [
        *limit("feedback.unaccepted", 1800, assumed=True),
        series(name, "0x119 _x60", **place),
        series("ioc_present_timestamp_seconds", "0+60x180", **place),
        *states("feedback", {"live": "1x59 0x59 1x60", "stale": "0x59 1x59 0x60"}),
    ]
    judge(
        tmp_path,
        ("common", "feedback"),
        inputs,
        {
            "29m": [silent("UrgentFeedbackNotAccepted", "29 minutes are below 30")],
            "31m": [
                fires("UrgentFeedbackNotAccepted", severity="P2", duty="shift", hazard="true"),
                silent("UrgentFeedbackNotAcceptedSilent", "the hotline's system lives"),
            ],
            "90m": [
                fires("UrgentFeedbackNotAccepted", severity="P2", duty="shift", hazard="true"),
                fires("UrgentFeedbackNotAcceptedSilent", severity="P2", duty="shift", hazard="true"),
            ],
            "125m": [
                silent("UrgentFeedbackNotAccepted", "it is accepted, says a living system"),
                silent("UrgentFeedbackNotAcceptedSilent", "the hotline's system lives"),
            ],
        },
    )


def summaries(of: str, failed: str, known: str = "1x3000") -> list[Series]:
    place = {"service": of, "topic": "ioc.exchange.v1", "partition": "0", "provenance": "real"}
    return [
        series("ioc_exchange_errors", failed, **place, window="5m", **{"class": "5xx"}),
        series("ioc_exchange_errors", failed.replace("6", "1"), **place, window="5m", **{"class": "timeout"}),
        series("ioc_exchange_calls", "100x3000", **place, window="5m", consumer="sxd"),
        series("ioc_exchange_calls", "0x3000", **place, window="5m", consumer="syt"),
        series("ioc_exchange_calls_known", known, **place),
    ]


def service(of: str, critical: str) -> Series:
    return series("ioc_service_info", 1, service=of, critical=critical, kind="api")


def test_a_critical_service_that_fails_calls_and_any_other_does_not(tmp_path: Path) -> None:
    inputs = [
        *limit("exchange.errors", 0.05, assumed=True),
        service("dan-cu", "yes"), *summaries("dan-cu", "6x29 stale _x90", "1x29 0x90"),
        service("bcci", "no"), *summaries("bcci", "6x3000"),
        service("ho-tich", "yes"), *summaries("ho-tich", "2x3000"),
    ]  # fmt: skip
    inputs = [each for each in inputs if not (each["series"].startswith('ioc_exchange_calls{service="dan-cu"'))]
    place = {"service": "dan-cu", "topic": "ioc.exchange.v1", "partition": "0", "provenance": "real", "window": "5m"}
    inputs.append(series("ioc_exchange_calls", "100x29 stale _x90", **place, consumer="sxd"))
    judge(
        tmp_path,
        ("common", "exchange"),
        inputs,
        {
            "8m": [silent("LgspCriticalServiceErrors", "not for ten minutes yet")],
            "20m": [
                fires("LgspCriticalServiceErrors", severity="P2", service="dan-cu"),
                silent("LgspCriticalServiceErrors", "it fails as often, and is not critical", service="bcci"),
                silent("LgspCriticalServiceErrors", "three in a hundred are below the limit", service="ho-tich"),
                silent("LgspCriticalServiceErrorsSilent", "every service lives"),
            ],
            "60m": [
                fires("LgspCriticalServiceErrors", severity="P2", service="dan-cu"),
                fires("LgspCriticalServiceErrorsSilent", severity="P2", service="dan-cu"),
            ],
        },
    )


def sign_ins(of: str, success: str, calls: str, known: str) -> list[Series]:
    place = {"service": of, "topic": "ioc.exchange.v1", "partition": "0", "provenance": "real"}
    return [
        series("ioc_exchange_sign_in_success_ratio_numerator", success, **place, window="5m"),
        series("ioc_exchange_sign_in_success_ratio_denominator", calls, **place, window="5m"),
        series("ioc_exchange_sign_in_success_known", known, **place),
    ]


def test_a_sign_on_that_fails_calls_the_louder_the_surer_its_limit_is(tmp_path: Path) -> None:
    for assumed, severity in ((True, "P2"), (False, "P1")):
        judge(
            tmp_path,
            ("common", "exchange"),
            [
                *limit("sign_in.success", 0.95, assumed=assumed),
                *sign_ins("sso", "90x29 stale _x90", "100x29 stale _x90", "1x29 0x90"),
                *sign_ins("igate", "95x3000", "100x3000", "1x3000"),
                *sign_ins("ioffice", "0x3000", "0x3000", "1x3000"),
            ],
            {
                "3m": [silent("SsoLoginFailing", "not for five minutes yet")],
                "20m": [
                    fires("SsoLoginFailing", severity=severity, service="sso"),
                    silent("SsoLoginFailing", "95 % is not below 95 %", service="igate"),
                    silent("SsoLoginFailing", "nobody signs in there", service="ioffice"),
                    silent("SsoLoginFailingSilent", "the sign-on speaks"),
                ],
                "60m": [
                    fires("SsoLoginFailing", severity=severity, service="sso"),
                    fires("SsoLoginFailingSilent", severity=severity, service="sso"),
                ],
            },
        )
