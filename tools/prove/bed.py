"""A house of its own in a temporary folder: one broker, its topics, workers as processes, the file that lists them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.broker import Broker
from tools.jars import ROOT
from tools.ports import LOOPBACK, free_port
from tools.prove.waiting import Answer, NotSeen, until

SESSION_SECONDS: Final = 6
PARTITIONS: Final = 4
ASK_SECONDS: Final = 3
SPARE: Final = "no partitions are assigned yet"
"""What a worker says that has none to do: the assignor fills workers up to ceil(partitions / workers) each."""

MENDED: Final = 6
"""Workers that may end by themselves before it counts as a crash loop."""


@dataclass(eq=False)
class Worker:
    """One `ioc worker`; `asleep` while it is frozen, `ended` once it was told to go."""

    name: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    asleep: bool = False
    ended: bool = False

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self.process.poll() is None

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text of an answer; (0, "") while there is none."""
        if self.asleep or not self.runs:
            return 0, ""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=ASK_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError):
            return 0, ""

    @property
    def settled(self) -> bool:
        """Whether it is ready, or waits without partitions for another one to die."""
        status, text = self.ask("/readyz")
        return status == 200 or (status == 503 and json.loads(text)["reasons"] == [SPARE])

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to this very process."""
        self.asleep = number == signal.SIGSTOP
        self.process.send_signal(number)


@dataclass
class Bed:
    """Everything that one scenario runs in; `with Bed() as bed` starts it, and leaves no process behind."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ioc-prove-")))
    workers: list[Worker] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broker = Broker(self.folder / "kafka")
        self.targets = self.folder / "workers.json"

    def __enter__(self) -> Self:
        try:
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
        """Ends every process."""
        for worker in self.workers:
            if worker.runs:
                worker.process.kill()
            worker.process.wait()
        self.broker.stop()

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
        ours = {"IOC_BROKERS": self.broker.address, "IOC_PARTITIONS": PARTITIONS, "IOC_TARGETS": self.targets,
                "IOC_SESSION_SECONDS": SESSION_SECONDS, "IOC_DATA": self.folder / "data", **more}
        return others | {name: str(value) for name, value in ours.items()}

    def ioc(self, *words: str, seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Runs one verb to its end."""
        return subprocess.run([sys.executable, "-m", "streams", *words], cwd=ROOT, env=self.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=seconds, check=False)

    # -- workers -------------------------------------------------------------------------------------------------------

    def join(self) -> Worker:
        """Starts one more worker; it ends with us, should we be killed."""
        name = f"worker-{len(self.workers) + 1}"
        port, log = free_port(), self.folder / f"{name}.log"
        environment = self.environment(IOC_METRICS_PORT=port, IOC_DATA=self.folder / name)
        with log.open("ab") as out:
            process = subprocess.Popen([*_bound_to_us(), sys.executable, "-m", "streams", "worker"], cwd=ROOT,
                                       env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        worker = Worker(name, port, log, process)
        self.workers.append(worker)
        return worker

    def mend(self) -> None:
        """Starts another worker for each that ended by itself, as the supervisor does; not for ever."""
        for worker in self.workers:
            if not worker.runs and not worker.ended:
                worker.ended = True
                self.mended.append(f"{worker.name} ended by itself with code {worker.process.returncode}: "
                                   f"{last_line(worker.log)}")
                if len(self.mended) > MENDED:
                    raise NotSeen(f"a crash loop: {self.mended[-1]}")
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

    def dump(self) -> None:
        """Writes down what every worker says now, for whoever looks for the cause."""
        for worker in self.awake:
            for path in ("metrics", "readyz", "healthz"):
                (self.folder / f"{worker.name}.{path}.txt").write_text(worker.ask(f"/{path}")[1])


def last_line(log: Path) -> str:
    """The last thing that a log says."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _bound_to_us() -> list[str]:
    """What to put before a command, on Linux, so that its process ends when the thread ends that started it."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL", "--"] if found else []
