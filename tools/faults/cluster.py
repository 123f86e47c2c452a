"""Three small brokers that are one cluster: each may be killed while the other two go on."""

from pathlib import Path
from typing import Final, Self

from kafka.admin import KafkaAdminClient

from streams.publisher import BOOTSTRAP_MS, connect
from tools.broker import Broker
from tools.faults.waiting import until
from tools.ports import LOOPBACK, free_port

HEAP: Final = "256m"
START_SECONDS: Final = 90
COPIES: Final = {"offsets.topic.replication.factor": 3, "transaction.state.log.replication.factor": 3,
                 "transaction.state.log.min.isr": 2, "default.replication.factor": 3,
                 "unclean.leader.election.enable": "false", "controlled.shutdown.enable": "true",
                 "replica.lag.time.max.ms": 5000}


class Cluster:
    """Broker and controller each; `address` names them all."""

    def __init__(self, folder: Path, number: int) -> None:
        ports = [(free_port(), free_port()) for _ in range(number)]
        voters = ",".join(f"{one}@{LOOPBACK}:{controller}" for one, (_, controller) in enumerate(ports, 1))
        self.members = [
            Broker(folder / str(one), port, heap=HEAP, cluster="Aioc-faults-cluster-0A", settings={
                "node.id": one, "controller.quorum.voters": voters,
                "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}", **COPIES})
            for one, (port, controller) in enumerate(ports, 1)]

    @property
    def address(self) -> str:
        """Every member, for clients."""
        return ",".join(member.address for member in self.members)

    def start(self) -> Self:
        """Starts all, and waits until each has registered."""
        for member in self.members:
            member.launch()
        for member in self.members:
            member.wait(START_SECONDS)
        self.whole(START_SECONDS)
        return self

    def stop(self) -> None:
        """Ends all by force: nobody needs their data."""
        for member in self.members:
            member.kill()

    def kill(self) -> None:
        """As `stop`."""
        self.stop()

    def member(self, node: int) -> Broker:
        """The broker with a node id."""
        return self.members[node - 1]

    def whole(self, seconds: float) -> None:
        """Waits until every partition has all its copies in step.

        Raises:
            NotSeen: within the time it had not.
        """
        until(lambda: not self.behind(), seconds, lambda: f"every copy in step; {self.behind()[:5]}", pause=0.5)

    def behind(self) -> list[str]:
        """Partitions of which a copy is missing or lags, or a broker that is not there."""
        admin = connect(KafkaAdminClient, self.address, bootstrap_timeout_ms=BOOTSTRAP_MS)
        try:
            nodes = admin.describe_cluster()["brokers"]
            found = [] if len(nodes) == len(self.members) else [f"{len(nodes)} brokers are there"]
            return found + [f"{topic['name']}/{one['partition_index']}" for topic in admin.describe_topics()
                            for one in topic["partitions"] if len(one["isr_nodes"]) < len(one["replica_nodes"])]
        finally:
            admin.close()

    def leader(self, topic: str, partition: int) -> Broker:
        """The broker that leads a partition now."""
        admin = connect(KafkaAdminClient, self.address, bootstrap_timeout_ms=BOOTSTRAP_MS)
        try:
            (found,) = admin.describe_topics([topic])
        finally:
            admin.close()
        return self.member(next(one["leader_id"] for one in found["partitions"] if one["partition_index"] == partition))
