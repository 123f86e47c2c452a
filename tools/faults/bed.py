"""A house of its own in a temporary folder: broker or cluster, topics, workers as processes, the list of them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from kafka.admin import KafkaAdminClient

from streams.publisher import BOOTSTRAP_MS, connect
from tools.broker import Broker
from tools.faults import machine
from tools.faults.cluster import Cluster
from tools.faults.gone import Gone
from tools.faults.house import PLAIN, House
from tools.faults.proxy import Proxy
from tools.faults.waiting import Answer, NotSeen, until
from tools.faults.worker import Worker, last_line
from tools.jars import ROOT
from tools.ports import LOOPBACK, free_port

GROUP: Final = "ioc"
SESSION_SECONDS: Final = 6
PARTITIONS: Final = 4
MENDED: Final = 10
"""Workers that may end by themselves before it counts as a crash loop."""

PAUSES: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before a worker that ended by itself is started again; they grow as the supervisor's do."""

STACKS_SECONDS: Final = 5
VERB_SECONDS: Final = 600
"""How long a verb may take; the recount is slow by intent, and its time is no part of any row."""


@dataclass
class Bed:
    """Everything that scenarios run in; `with Bed() as bed` starts it, and leaves no process behind."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ioc-faults-")))
    house: House = PLAIN
    workers: list[Worker] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    due: float | None = None
    gone: Gone = field(default_factory=Gone)

    def __post_init__(self) -> None:
        self.way: Proxy | machine.Cable | None = None
        if self.house.way != "straight":
            self.way = Proxy() if self.house.way == "proxy" else machine.Cable()
        self.targets = self.folder / "workers.json"
        if self.house.brokers > 1:
            self.broker: Broker | Cluster = Cluster(self.folder / "kafka", self.house.brokers)
            return
        port = free_port()
        doors = second_door(port, self.way) if self.way is not None else {}
        self.broker = Broker(self.folder / "kafka", port, settings={**doors, **self.house.broker})

    def __enter__(self) -> Self:
        try:
            for name, size in self.house.disks.items():
                if wrong := machine.mount(self.folder / name, size):
                    raise NotSeen(wrong)
            if self.way is not None:
                self.way.start()
            self.broker.start()
            done = self.ioc("topics")
            if done.returncode != 0:
                raise NotSeen(f"`ioc topics` failed: {done.stdout[-500:]}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends every process, takes away what was made of the machine."""
        for worker in self.workers:
            if worker.runs:
                worker.process.kill()
            worker.process.wait()
        self.broker.stop()
        if self.way is not None:
            self.way.close()
        for name in self.house.disks:
            machine.unmount(self.folder / name)

    def clear(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def awake(self) -> list[Worker]:
        """The workers that run and can answer."""
        return [worker for worker in self.workers if worker.runs and not worker.asleep]

    def environment(self, **more: object) -> dict[str, str]:
        """The settings of this house, and no other."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        house = {f"IOC_{name.upper()}": value for name, value in self.house.settings.items()}
        ours = {"IOC_BROKERS": self.broker.address, "IOC_PARTITIONS": PARTITIONS, "IOC_TARGETS": self.targets,
                "IOC_REPLICATION": self.house.brokers, "IOC_SESSION_SECONDS": SESSION_SECONDS,
                "IOC_DATA": self.folder / "data", **house, **more}
        return others | {name: str(value) for name, value in ours.items()}

    def command(self, *words: str) -> list[str]:
        """The command line of a verb, with the bug that is planted in this house."""
        bug = ["tools.faults.planted", self.house.bug] if self.house.bug else ["streams"]
        return [sys.executable, "-m", *bug, *words]

    def ioc(self, *words: str, settings: Mapping[str, object] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs one verb to its end.

        Raises:
            NotSeen: it does not end in time.
        """
        try:
            return subprocess.run(self.command(*words), cwd=ROOT, env=self.environment(**(settings or {})),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=VERB_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NotSeen(f"`ioc {' '.join(words)[:60]}` has not ended within {VERB_SECONDS} s") from None

    # -- workers -------------------------------------------------------------------------------------------------------

    def join(self, *, settings: Mapping[str, object] | None = None, before: Sequence[str] = (),
             folder: Path | None = None, straight: bool = False) -> Worker:
        """Starts one more worker; it ends with us, should we be killed.

        `before`: what its command line begins with; `straight`: it goes no other way than everybody.
        """
        way = None if straight else self.way
        name = f"worker-{len(self.workers) + 1}"
        home = folder or self.folder
        port, log = free_port(), home / f"{name}.log"
        inside = [*before, *(way.inside if way is not None else ())]
        host = machine.GUEST if isinstance(way, machine.Cable) else LOOPBACK
        brokers = way.address if way is not None else self.broker.address
        environment = self.environment(IOC_BROKERS=brokers, IOC_METRICS_PORT=port, IOC_METRICS_HOST=host,
                                       IOC_DATA=home / name, **(settings or {}))
        with log.open("ab") as out:
            process = subprocess.Popen([*_bound_to_us(), *inside, *self.command("worker")], cwd=ROOT, env=environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        worker = Worker(name, port, log, process, host)
        self.workers.append(worker)
        return worker

    def mend(self) -> None:
        """Starts another worker for each that ended by itself, as the supervisor does; not for ever."""
        for worker in self.workers:
            if worker.runs or worker.ended:
                continue
            if self.due is None:
                self.mended.append(f"{worker.name} ended by itself with code {worker.process.returncode}: "
                                   f"{last_line(worker.log)}")
                if len(self.mended) > MENDED:
                    raise NotSeen(f"a crash loop: {self.mended[-1]}")
                self.due = time.monotonic() + PAUSES[min(len(self.mended), len(PAUSES)) - 1]
            if time.monotonic() >= self.due:
                worker.ended, self.due = True, None
                self.join()

    def until(self, question: Callable[[], Answer], seconds: float, what: str | Callable[[], str]) -> Answer:
        """Waits as `waiting.until`, and mends meanwhile."""
        def asked() -> Answer:
            self.mend()
            return question()

        return until(asked, seconds, what, pause=0.2)

    def wait(self, seconds: float) -> None:
        """Lets a stretch of a schedule pass, and mends meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.mend()
            time.sleep(min(left, 0.2))

    def list_workers(self) -> None:
        """Writes the file that tells `ioc recount` whom to ask."""
        self.targets.write_text(json.dumps([{"targets": [worker.address for worker in self.awake]}]))

    # -- for whoever looks for the cause -------------------------------------------------------------------------------

    def dump(self) -> None:
        """Writes down what every worker says now, where its threads stand, and what the group looks like."""
        for worker in self.awake:
            for path in ("metrics", "readyz", "healthz"):
                (self.folder / f"{worker.name}.{path}.txt").write_text(worker.ask(f"/{path}")[1])
            size = worker.log.stat().st_size
            worker.process.send_signal(signal.SIGQUIT)
            try:
                until(lambda worker=worker, size=size: worker.log.stat().st_size > size,  # type: ignore[misc]
                      STACKS_SECONDS, "stacks")
            except NotSeen as error:
                (self.folder / f"{worker.name}.stacks.txt").write_text(str(error))
        (self.folder / "group.txt").write_text(self._group())

    def _group(self) -> str:
        try:
            admin = connect(KafkaAdminClient, self.broker.address, bootstrap_timeout_ms=BOOTSTRAP_MS)
            try:
                return f"{admin.describe_groups([GROUP])}\n{admin.list_group_offsets([GROUP])}\n"
            finally:
                admin.close()
        except Exception as error:  # noqa: BLE001  # a broker that does not answer is part of the answer
            return f"the broker does not tell: {error!r}\n"


def second_door(port: int, way: Proxy | machine.Cable) -> dict[str, object]:
    """Properties of a broker at which workers arrive by another way than everybody else."""
    controller = free_port()
    return {"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WAY:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{port},WAY://{way.listens},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port},WAY://{way.address}"}


def _bound_to_us() -> list[str]:
    """What to put before a command, on Linux, so that its process ends when the thread ends that started it."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL", "--"] if found else []
