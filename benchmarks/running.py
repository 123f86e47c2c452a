"""A real `ioc worker` as a process of ours: started, watched from outside, ended."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import psutil

from tools.ports import free_port

ROOT = Path(__file__).parents[1]
_sample = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_label = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class BenchError(Exception):
    """A run did not come to its end; says what was seen."""


class Page:
    """What /metrics said at one moment."""

    def __init__(self, text: str) -> None:
        self.text = text

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each sample of a name."""
        found = (_sample.match(line) for line in self.text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
        return [(dict(_label.findall(match[2] or "")), float(match[3])) for match in found if match]

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples that carry these labels."""
        return sum(value for found, value in self.samples(name) if labels.items() <= found.items())

    def largest(self, name: str) -> float:
        """The largest sample; 0 if there is none."""
        return max((value for _, value in self.samples(name)), default=0.0)


class Running:
    """One worker: `with Running(broker, folder, group="a", state_topic="b") as worker`."""

    def __init__(self, broker: str, folder: Path, *, group: str, state_topic: str,
                 settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.port = free_port()
        self.log = folder / f"{group}-{self.port}.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IOC_")},
            "IOC_BROKERS": broker, "IOC_GROUP": group, "IOC_STATE_TOPIC": state_topic, "IOC_DATA": str(folder),
            "IOC_METRICS_PORT": str(self.port), "IOC_REFERENCE": str(ROOT / "reference"),
            **settings,
        }  # fmt: skip

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> "subprocess.Popen[bytes]":
        """Starts it, or another in its place."""
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "streams", "worker"], cwd=ROOT, env=self.environment,
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.seen = psutil.Process(self.process.pid)
        return self.process

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it in good order, by force after a while."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu(self) -> float:
        """CPU seconds of all its threads so far."""
        times = self.seen.cpu_times()
        return float(times.user + times.system)

    def peak_mb(self) -> float:
        """The largest resident memory so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1000 if found else 0.0

    def ask(self, path: str) -> str:
        """The body of an answer, whatever its status; "" while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())
        except OSError:
            return ""

    def page(self) -> Page:
        """What it shows now."""
        return Page(self.ask("/metrics"))

    def is_recovering(self) -> bool:
        """Whether it has been given partitions, or is further than that."""
        return "being recovered" in self.ask("/readyz") or self.has_begun()

    def has_begun(self) -> bool:
        """Whether it has recovered and reads."""
        answer = self.ask("/readyz")
        return bool(answer) and "assigned yet" not in answer and "being recovered" not in answer

    def until(self, condition: Callable[[], bool], seconds: float, pause: float) -> None:
        """Waits for a condition; BenchError if it does not come, or the worker ends."""
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                said = self.log.read_text(errors="replace")[-2000:]
                raise BenchError(f"not within {seconds:.0f} s, or the worker ended ({self.process.poll()}): {said}")
            time.sleep(pause)
