"""One `ioc worker` as a process: its page, its health, its end."""

import http.client
import json
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.ports import LOOPBACK

ASK_SECONDS: Final = 3
SPARE: Final = "no partitions are assigned yet"
"""What a worker says that has none to do: the assignor fills workers up to ceil(partitions / workers) each."""


@dataclass(eq=False)
class Worker:
    """One `ioc worker`.

    Attributes:
        asleep: it cannot answer, for a fault of ours.
        ended: it was told to go.
        answered: it has served a page.
    """

    name: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    host: str = LOOPBACK
    asleep: bool = False
    ended: bool = False
    answered: bool = False

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"{self.host}:{self.port}"

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
                self.answered = True
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError, http.client.HTTPException):  # the last: it died amid its answer
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


def last_line(log: Path) -> str:
    """The last thing that a log says."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
