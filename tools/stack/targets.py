"""The files in which Prometheus finds whom to ask (file_sd); `ioc recount` reads the one of the workers too."""

from collections.abc import Iterable

from tools.ports import LOOPBACK
from tools.stack import places, programs
from tools.stack.programs import Program


def write_targets(workers: Iterable[Program], prometheus_port: int) -> None:
    """Writes both files."""
    _write("workers", [f"{LOOPBACK}:{program.port}" for program in workers])
    _write("prometheus", [f"{LOOPBACK}:{prometheus_port}"])


def _write(name: str, addresses: list[str]) -> None:
    programs.write(places.TARGETS / f"{name}.json", [{"targets": addresses}])
