"""Rights taken away from the workers and given back: X2."""

from collections.abc import Callable
from contextlib import closing
from typing import Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from streams.publisher import BOOTSTRAP_MS, connect
from tools.faults.bed import GROUP
from tools.faults.house import House
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage

AWAY_SECONDS: Final = 10.0
RECOVER_SECONDS: Final = 40.0
NOBODY: Final = "User:ANONYMOUS"
"""Who comes without a password; here that is everybody."""

GUARDED: Final = House(broker={"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                               "allow.everyone.if.no.acl.found": "true"})


def take_rights(stage: Stage) -> None:
    """The group may not be read for a while, amid work and in idleness; then a topic may not."""
    group, topic = ResourcePattern(ResourceType.GROUP, GROUP), ResourcePattern(ResourceType.TOPIC, "ioc.hydromet.v1")
    _without(stage, "the group, busy", group, lambda: None, lambda: None)
    _without(stage, "the group, idle", group, stage.load.pausing.set, stage.load.pausing.clear)
    _without(stage, "a topic, busy", topic, lambda: None, lambda: None)
    stage.share()


def _without(stage: Stage, name: str, resource: ResourcePattern, before: Callable[[], None],
             after: Callable[[], None]) -> None:
    stage.share()
    stage.work()
    read = [ACL(NOBODY, "*", ACLOperation.ALL, ACLPermissionType.ALLOW, resource),
            ACL(NOBODY, "*", ACLOperation.READ, ACLPermissionType.DENY, resource)]
    with closing(connect(KafkaAdminClient, stage.bed.broker.address, bootstrap_timeout_ms=BOOTSTRAP_MS)) as admin:
        stage.fault(f"no right to read {name}", lambda: admin.create_acls(read))
        before()
        stage.bed.wait(AWAY_SECONDS)
        admin.delete_acls([ACLFilter(NOBODY, "*", ACLOperation.ANY, ACLPermissionType.ANY, resource)])
        after()
        stage.fault(f"the right to read {name} is back", lambda: None)
    stage.recover(RECOVER_SECONDS)


SCENARIOS: Final = (
    Scenario("X2", "Mất quyền đọc nhóm 10 giây khi bận và khi rảnh, rồi quyền đọc một chủ đề",
             "No right to read the group for 10 s, busy and idle; then none to read a topic", "nobody stays deaf",
             take_rights, 6, house=GUARDED),
)
