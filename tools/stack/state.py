"""What the supervisor knows of its programs, as it stands in one file that everybody may read."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tools.stack import places, programs
from tools.stack.processes import Process

Standing = Literal["running", "waiting", "finished"]


@dataclass
class Standings:
    """One program: the process it is, how often it was restarted, and its last exit code."""

    process: Process | None = None
    standing: Standing = "waiting"
    restarts: int = 0
    code: int | None = None
    order: int = 0
    declared: str = ""  # digest of the declaration it was started from


@dataclass
class State:
    """The supervisor and its programs."""

    supervisor: Process | None = None
    programs: dict[str, Standings] = field(default_factory=dict)

    def is_supervised(self) -> bool:
        """Whether the supervisor lives."""
        return self.supervisor is not None and self.supervisor.is_alive()

    def save(self) -> None:
        """Writes the file."""
        programs.write(places.STATE, asdict(self))


def load() -> State:
    """The state as last written; an empty one when nothing was started since the last `down`."""
    content: dict[str, Any] = programs.read(places.STATE) or {}
    found = State(supervisor=_process(content.get("supervisor")))
    for name, one in content.get("programs", {}).items():
        found.programs[name] = Standings(**{**one, "process": _process(one["process"])})
    return found


def _process(content: dict[str, Any] | None) -> Process | None:
    return Process(**content) if content else None
