"""The files in which Prometheus finds whom to ask (file_sd); `ioc recount` reads the one of the workers too."""

from collections.abc import Iterable

from tools.ports import LOOPBACK
from tools.stack import places, programs
from tools.stack.programs import Program


def write_targets(wanted: Iterable[Program]) -> None:
    """Writes a file for each job of deploy/prometheus/prometheus.yml."""
    ports: dict[str, list[int]] = {"workers": [], "prometheus": [], "alertmanager": [], "notify": []}
    for program in wanted:
        job = "workers" if program.name.startswith("worker-") else program.name
        ports.get(job, []).append(program.port)
    for job, found in ports.items():
        _write(job, [f"{LOOPBACK}:{port}" for port in found])


def _write(name: str, addresses: list[str]) -> None:
    programs.write(places.TARGETS / f"{name}.json", [{"targets": addresses}])
