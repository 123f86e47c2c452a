"""`make up`: installs what is missing, starts what does not run, and leaves nothing half-started behind."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools import alertmanager, chromium, debian, environment, jars
from tools.errors import ToolError
from tools.jars import ROOT
from tools.ports import LOOPBACK, is_free
from tools.progress import Step, complaint, run, step
from tools.stack import down, inventory, places, programs, state
from tools.stack.interrupt import taken
from tools.stack.plan import Plan
from tools.stack.programs import Program
from tools.stack.readiness import check_alive, wait_until_ready
from tools.stack.targets import write_targets

ROOM = 1 << 30  # bytes that must be free on the disk


def bring_up(asked: Plan) -> list[str]:
    """Brings the stack to what was asked; answers what was changed, in words; nothing means it was so already.

    Raises:
        ToolError: it cannot; everything this call started is ended again.
    """
    changes = _clear_remains()
    check_room()
    wanted = _wanted(asked)
    _check_ports(wanted)
    prepare("runtime", with_prometheus=not {"prometheus", "alertmanager"} <= programs.declared().keys())
    started_with = set(programs.declared())
    with _nothing_half_started(started_with):
        changes += _withdraw_others(wanted)
        changes += _start(asked, wanted)
    return changes


def prepare(kind: str, *, with_prometheus: bool) -> None:
    """Installs what is missing: packages of Debian, the Python environment, Kafka's libraries."""
    missing = _missing_packages(with_prometheus)
    if kind == "dev" and chromium.is_missing():  # the walls are tested in a browser
        missing.append(chromium.PACKAGE)
    if missing:
        with step("Debian packages") as shown:
            shown.remark = ", ".join(missing)
            debian.install(missing, places.LOGS / "apt.log", shown)
    if not environment.is_ready(kind):
        with step("Python environment") as shown:
            environment.fill(kind, places.LOGS / "pip.log", shown)
    if not jars.are_complete(jars.libs_folder()):
        with step("Kafka libraries") as shown:
            shown.doing("Maven downloads about 55 MB, once")
            jars.fetch()


def check_room() -> None:
    """Refuses to begin on a full disk: half a download or a broker that cannot write is worse than none.

    Raises:
        ToolError: less than 1 GiB is free.
    """
    free = shutil.disk_usage(ROOT).free
    if free < ROOM:
        raise ToolError(f"only {free >> 20} MiB are free on the disk of {ROOT} and the stack needs 1024; "
                        "make room, for instance by removing old logs in var/log")


def _missing_packages(with_prometheus: bool) -> list[str]:
    missing = []
    if environment.venv_is_missing() and not environment.is_ready("runtime"):
        missing.append("python3-venv")
    if debian.java_is_missing():
        missing.append("openjdk-17-jre-headless")
    if not jars.are_complete(jars.libs_folder()) and not shutil.which("mvn"):
        missing.append("maven")
    if with_prometheus and not shutil.which("prometheus"):
        missing.append("prometheus")
    if with_prometheus and not (alertmanager.program() and shutil.which("amtool")):
        missing.append("prometheus-alertmanager")
    return missing


def _clear_remains() -> list[str]:
    """Ends what a supervisor that died left running, so that nothing is ever started twice."""
    known = state.load()
    if known.is_supervised() or (not known.programs and not programs.declared()):
        return []
    with step("remains of a stack whose supervisor is gone") as shown:
        ended, stale = down.take_down()
        shown.remark = f"{ended} processes ended, {stale} stale records cleared"
    return ["cleared the remains of a stack whose supervisor was gone"]


def _wanted(asked: Plan) -> dict[str, Program]:
    """What shall run: what was asked; where nothing was said, what runs already; else the smallest stack."""
    running = programs.declared()
    workers = asked.workers or sum(name.startswith("worker-") for name in running) or 1
    players = [running[name] for name in inventory.PLAYERS if name in running]
    keeps_player = bool(players) and asked.data is None
    found = [inventory.kafka(asked, running["kafka"].command if "kafka" in running else []),
             *[inventory.worker(asked, number) for number in range(1, workers + 1)],
             inventory.notify(asked), inventory.alertmanager(asked), inventory.prometheus(asked),
             inventory.viewer(asked), players[0] if keeps_player else inventory.player(asked)]
    return {program.name: program for program in found}


def _check_ports(wanted: dict[str, Program]) -> None:
    running = programs.declared()
    for program in wanted.values():
        there = running.get(program.name)
        if there and there.port != program.port:
            raise ToolError(f"{program.name} already runs here on port {there.port}, not {program.port}; "
                            f"leave {program.setting} as it was, or run: make down")
        if not there and program.port and not is_free(program.port):
            raise ToolError(f"port {program.port}, meant for {program.name}, is taken by another program; "
                            f"end that one, or choose another port with: make up {program.setting}=<port>")


def _withdraw_others(wanted: dict[str, Program]) -> list[str]:
    others = [program for name, program in programs.declared().items() if name not in wanted]
    for program in others:
        program.withdraw()
    return [f"ended {program.name}" for program in others]


def _start(asked: Plan, wanted: dict[str, Program]) -> list[str]:
    running, changes = programs.declared(), []
    for program in wanted.values():
        if program.name == "kafka" and "kafka" not in running:
            program = _prepared_broker(asked)  # noqa: PLW2901  its command is known only now
        if program.name == "worker-1":
            _provision(asked, quietly="kafka" in running)
            write_targets(wanted.values())
        if program.name == "alertmanager":
            alertmanager.write_configuration(inventory.ROUTES, f"http://{LOOPBACK}:{asked.notify_port}")
        if running.get(program.name) == program:
            check_alive(program)
            continue
        with step(_title(program)) as shown:
            program.declare()
            if program.name == "kafka":
                _start_supervisor()
            wait_until_ready(program, shown)
        changes.append(f"started {program.name}" if program.name not in running else f"changed {program.name}")
    return changes


def _prepared_broker(asked: Plan) -> Program:
    broker = inventory.broker(asked)
    if not (places.BROKER / "data/meta.properties").exists():
        with step("Kafka data folder"):
            broker.prepare()
    else:
        broker.prepare()
    return inventory.kafka(asked, broker.command())


def _provision(asked: Plan, quietly: bool) -> None:
    log = places.LOGS / "topics.log"

    def provide(shown: Step | None) -> None:
        log.unlink(missing_ok=True)
        if run(inventory.ioc("topics"), log, shown, ROOT, {**os.environ, **inventory.settings(asked)}) != 0:
            raise ToolError(f"the topics cannot be made ({complaint(log)}); all of it: {log}")

    if quietly:
        provide(None)
        return
    with step("topics") as shown:
        provide(shown)


def _start_supervisor() -> None:
    places.LOGS.mkdir(parents=True, exist_ok=True)
    with (places.LOGS / "supervisor.log").open("ab") as log:
        child = subprocess.Popen([sys.executable, "-m", "tools.stack.supervisor"], cwd=ROOT, stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:  # until it has recorded itself nobody else could end it
        until = time.monotonic() + 20
        while not state.load().is_supervised():
            if child.poll() is not None or time.monotonic() > until:
                raise ToolError(f"the supervisor does not start; read its log: {places.LOGS / 'supervisor.log'}")
            time.sleep(0.05)
    except BaseException:
        child.terminate()
        child.wait()
        raise


@contextmanager
def _nothing_half_started(before: set[str]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        taken()
        if not before:
            down.take_down()
        else:  # a running stack goes on without what was to be added
            for name, program in programs.declared().items():
                if name not in before:
                    program.withdraw()
        raise


def _title(program: Program) -> str:
    return f"{program.name} {program.url}".strip()
