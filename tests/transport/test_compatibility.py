"""The start refuses what the transport was not tested with, and says what."""

from pathlib import Path
from typing import Any

import faust
import pytest

from schemas.errors import CompatibilityError
from streams.settings import Settings
from streams.transport import compatibility
from streams.transport.driver import batch_topic, faust_app


def test_what_is_installed_is_what_was_tested() -> None:
    compatibility.check_installed()


def test_another_version_is_refused() -> None:
    with pytest.raises(CompatibilityError, match=r"aiokafka 9\.9 is needed, 0\.14\.0 is installed"):
        compatibility.check_versions({"aiokafka": "9.9"})


def test_a_missing_package_is_refused() -> None:
    with pytest.raises(CompatibilityError, match=r"nosuchthing 1 is needed, none is installed"):
        compatibility.check_versions({"nosuchthing": "1"})


def test_a_missing_compiled_part_is_refused() -> None:
    with pytest.raises(CompatibilityError, match="faust_cython_gone cannot be imported"):
        compatibility.check_compiled(["faust_cython_gone"])


def test_a_changed_signature_is_refused() -> None:
    def _fetch_records(self: Any, consumer: Any) -> None:
        """As a later version may have it."""

    with pytest.raises(CompatibilityError, match="_fetch_records takes"):
        compatibility.check_methods({_fetch_records: ("consumer", "active_partitions")})


def test_a_missing_attribute_is_refused() -> None:
    def __init__(self: Any) -> None:  # noqa: N807  # as a later version may have it
        self._records = ()

    with pytest.raises(CompatibilityError, match="knows no _gone"):
        compatibility.check_attributes({__init__: ("_records", "_gone")})


@pytest.fixture
def app(tmp_path: Path) -> faust.App:
    return faust_app(Settings.model_validate({"brokers": "a:9092, b:9093", "group": "g", "data": tmp_path,
                                              "session_seconds": 45, "instance": "w-1"}))


def test_our_app_passes(app: faust.App) -> None:
    compatibility.check_app(app)


def test_our_app_connects_to_every_broker_and_keeps_its_membership(app: faust.App) -> None:
    assert [str(url) for url in app.conf.broker] == ["kafka://a:9092", "kafka://b:9093"]
    assert app.conf.id == "g"
    assert app.conf.consumer_group_instance_id == "w-1"
    assert app.conf.broker_request_timeout >= app.conf.broker_session_timeout == 45


@pytest.mark.parametrize(("name", "value"), [("stream_wait_empty", True), ("table_standby_replicas", 0),
                                             ("consumer_auto_offset_reset", "latest")])
def test_a_setting_that_endangers_the_state_is_refused(app: faust.App, name: str, value: object) -> None:
    setattr(app.conf, name, value)
    with pytest.raises(CompatibilityError, match=name):
        compatibility.check_app(app)


def test_a_table_is_refused(app: faust.App) -> None:
    app.Table("counts")
    with pytest.raises(CompatibilityError, match="counts"):
        compatibility.check_app(app)


def test_a_concurrent_agent_is_refused(app: faust.App) -> None:
    async def body(stream: Any) -> None:
        """Never runs."""

    app.agent(batch_topic(app, "ioc.a.v1"), name="a", concurrency=2)(body)
    with pytest.raises(CompatibilityError, match="agent a has concurrency 2"):
        compatibility.check_app(app)
