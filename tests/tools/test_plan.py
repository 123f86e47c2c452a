"""What may be said to `make up`."""

from pathlib import Path

import pytest

from streams.settings import Settings
from tools.errors import ToolError
from tools.stack.plan import PARTITIONS, read_plan


def test_nothing_said_is_the_usual_ports() -> None:
    plan = read_plan({})
    assert (plan.kafka_port, plan.metrics_port, plan.prometheus_port) == (9092, 9108, 9090)
    assert (plan.workers, plan.data) == (None, None)


def test_data_becomes_an_absolute_path(tmp_path: Path) -> None:
    assert read_plan({"DATA": str(tmp_path)}).data == tmp_path


@pytest.mark.parametrize("wrong", [{"WORKERS": "0"}, {"WORKERS": "two"}, {"IOC_KAFKA_PORT": "80"},
                                   {"IOC_PROMETHEUS_PORT": "70000"}, {"IOC_METRICS_PORT": "-1"}, {"DATA": "/nowhere"}])
def test_a_wrong_value_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ToolError) as error:
        read_plan(wrong)
    ((name, value),) = wrong.items()
    assert f"{name}={value!r}" in str(error.value)


def test_no_more_workers_than_partitions() -> None:
    assert read_plan({"WORKERS": "8", "IOC_PARTITIONS": "8"}).workers == 8
    with pytest.raises(ToolError, match="from 1 to 6"):
        read_plan({"WORKERS": "7"})


def test_the_partitions_assumed_are_those_of_the_settings() -> None:
    assert Settings.model_fields["partitions"].default == PARTITIONS
