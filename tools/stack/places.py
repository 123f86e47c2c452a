"""Where the local stack keeps its files; all of it is git-ignored."""

from pathlib import Path

from tools.jars import ROOT

VAR = ROOT / "var"
LOGS = VAR / "log"
RUN = VAR / "run"
PROGRAMS = RUN / "programs"  # one file per program that shall run: written by `up`, obeyed by the supervisor
STATE = RUN / "processes.json"  # written by the supervisor: which process each program is
BUSY = RUN / "busy.lock"
ALIVE = RUN / "supervisor.lock"
BROKER = VAR / "kafka/broker"
PROMETHEUS = VAR / "prometheus"
ALERTMANAGER = VAR / "alertmanager"
NOTIFY = VAR / "notify"
TARGETS = VAR / "targets"


def short(path: Path | str) -> str:
    """A path as it is shown to people: counted from the folder of the project where it lies there."""
    return str(path).removeprefix(f"{ROOT}/")
