"""Every panel is asked of a real Prometheus fed by the real worker: while data flows, and where nothing happened."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from dashboards import check
from dashboards.check import Question
from tests.dashboards.every import pages
from tests.stack.conftest import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(400)]

SILENT = {"ioc:hydromet_siren_active": "an ordinary Monday sounds no siren",
          "ioc:feedback_hotspot_oldest_unverified": "a hotspot is rare, and none may wait at the hour of the test"}
"""What the scenario has no event for, or not at every hour."""
KNOWN = "ALERTS|consumer_lag|rain_reporting_ratio"
"""What is known where no event ever came: our own state, and that no gauge reports."""
QUIET = {"timeseries", "state-timeline", "geomap", "table", "annotation"}
"""Kinds of panels that may be empty where nothing ever happened, and then say so in words."""


@pytest.fixture(scope="module")
def prometheus(make_tree: Callable[[bool], Any]) -> str:
    """The address of a Prometheus that sees a simulated Monday, and no real event."""
    house = make_tree(False)
    done = house.make("up", seconds=300)
    assert done.returncode == 0, done.stdout
    wait_for(lambda: house.query('ioc:dossier_satisfaction_ratio{provenance="simulated"}'), "dossiers of the past", 120)
    wait_for(lambda: house.query('ioc:feedback_on_time_ratio{provenance="simulated"}'), "reports of the past", 120)
    wait_for(lambda: house.query('ioc:hydromet_alarm_level{provenance="simulated"}'), "rivers", 60)
    wait_for(lambda: house.query('ALERTS{alertname="Watchdog",alertstate="firing"}'), "judged rules", 60)
    return f"http://127.0.0.1:{house.prometheus}"


def asked(provenance: str) -> list[Question]:
    return list(check.questions(pages().values(), provenance))


def empty(prometheus: str, questions: list[Question]) -> list[Question]:
    """Questions without an answer; one that is refused ends the test."""
    answers = [(question, check.ask(prometheus, question)) for question in questions]
    refused = [f"{question}: {answer.error}" for question, answer in answers if answer.error]
    assert not refused, "\n".join(refused)
    return [question for question, answer in answers if not answer.series]


def test_every_panel_answers_while_data_flows(prometheus: str) -> None:
    questions = [question for question in asked("simulated") if question.kind != "annotation"]

    def lacking() -> list[Question]:
        return [one for one in empty(prometheus, questions) if not any(name in one.expr for name in SILENT)]

    # an instant query follows the next evaluation, a drawn line the next step
    left: list[Question] = questions

    def answered() -> bool:
        left[:] = lacking()
        return not left

    wait_for(answered, lambda: f"an answer for {', '.join(map(str, left))}", 180)


def test_no_panel_is_refused_and_every_tile_answers_where_nothing_ever_happened(prometheus: str) -> None:
    found = [str(question) for question in empty(prometheus, asked("real")) if question.kind not in QUIET]
    assert not found, "\n".join(found)


def test_tiles_say_that_they_do_not_know_where_nothing_ever_happened(prometheus: str) -> None:
    """A 0 where nobody ever sent anything would be a lie."""
    about_data = [one for one in asked("real") if one.kind == "stat" and not re.search(KNOWN, one.expr)]
    numbers = [one for one in about_data if re.match(r"\((sum|min|max|quantile)", one.expr)]
    told = [str(one) for one in numbers if _values(prometheus, one) != ["NaN"]]
    assert len(numbers) > 30
    assert not told, "\n".join(told)


def _values(prometheus: str, question: Question) -> list[str]:
    return [sample["value"][1] for sample in check.result(prometheus, question)]
