"""The producer as a process of its own, so that nobody's garbage or scrape holds up the pace."""

import json
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from benchmarks.paced.plan import Load
from benchmarks.running import ROOT, BenchError

HEAD_START_SECONDS = 0.3
PATIENCE_SECONDS = 60


class Sender:
    """Sends a load: `with Sender(broker, topic, load) as sender: sender.begun`, a moment of the monotonic clock."""

    def __init__(self, broker: str, topic: str, load: Load) -> None:
        self.load = load
        self.command = [sys.executable, "-m", "benchmarks.paced.producer", broker, topic, str(load.file),
                        str(load.step.a_second)]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            self.process.kill()
            raise BenchError("the producer did not get ready")
        self.begun = time.monotonic() + HEAD_START_SECONDS
        self.process.stdin.write(f"{self.begun!r}\n")
        self.process.stdin.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def is_running(self) -> bool:
        """Whether it still sends."""
        return self.process.poll() is None

    def finish(self) -> float:
        """Waits until all is acknowledged; answers seconds by which the worst event was sent late."""
        try:
            out, _ = self.process.communicate(timeout=self.load.step.seconds + PATIENCE_SECONDS)
            said = json.loads(out)
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise BenchError("the producer did not come to its end") from error
        if said["acknowledged"] != self.load.step.events:
            raise BenchError(f"{said['acknowledged']} of {self.load.step.events} events were acknowledged")
        return float(said["behind"])
