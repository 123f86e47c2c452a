"""The programs of the local stack, each with its command, address and log."""

import os
import shutil

from tools import alertmanager as routes
from tools import environment
from tools.broker import Broker
from tools.jars import ROOT
from tools.ports import LOOPBACK
from tools.stack import places, plan
from tools.stack.programs import Program

CONFIGURATION = ROOT / "deploy/prometheus/prometheus.yml"
ROUTES = places.ALERTMANAGER / "configuration"
# what only these tools read
OF_THE_STACK = (plan.KAFKA, plan.METRICS, plan.PROMETHEUS, plan.ALERTMANAGER, plan.NOTIFY, plan.VIEWER, "IOC_VENV",
                "IOC_KAFKA_LIBS", "IOC_KAFKA_HEAP")
PLAYERS = ("replay", "simulate")  # one of the two makes the numbers move


def ioc(*arguments: str) -> list[str]:
    """A verb of `ioc`, taken from this tree even where the environment belongs to another one."""
    return [str(environment.python()), "-m", "streams", *arguments]


def settings(asked: plan.Plan) -> dict[str, str]:
    """The settings all our programs of this stack share: those of the person's environment, and ours."""
    said = {name: value for name, value in os.environ.items() if name.startswith("IOC_") and name not in OF_THE_STACK}
    return {
        **said,
        "IOC_BROKERS": f"{LOOPBACK}:{asked.kafka_port}",
        "IOC_TARGETS": str(places.TARGETS / "workers.json"),
        "IOC_PROMETHEUS_URL": f"http://{LOOPBACK}:{asked.prometheus_port}",
        "PYTHONUNBUFFERED": "1",
    }


def broker(asked: plan.Plan) -> Broker:
    """The broker, with its data under `var`."""
    return Broker(places.BROKER, asked.kafka_port, heap=os.environ.get("IOC_KAFKA_HEAP", "512m"))


def kafka(asked: plan.Plan, command: list[str]) -> Program:
    """The broker as a program."""
    return Program("kafka", command, str(places.BROKER), _log("kafka"), order=0, port=asked.kafka_port,
                   setting=plan.KAFKA, url=f"{LOOPBACK}:{asked.kafka_port}")


def worker(asked: plan.Plan, number: int) -> Program:
    """Worker number 1, 2, ...: each has its metrics on a port of its own."""
    port, name = asked.metrics_port + number - 1, f"worker-{number}"
    home = f"http://{LOOPBACK}:{port}"
    own = {"IOC_METRICS_HOST": LOOPBACK, "IOC_METRICS_PORT": str(port), "IOC_DATA": str(places.VAR / name)}
    return Program(name, ioc("worker"), str(ROOT), _log(name), order=10, environment=settings(asked) | own, port=port,
                   setting=plan.METRICS, url=f"{home}/metrics", ready=f"{home}/readyz", alive=f"{home}/healthz")


def notify(asked: plan.Plan) -> Program:
    """The first receiver of alerts; it runs before Alertmanager, so that the first beat of the Watchdog is heard."""
    home = f"http://{LOOPBACK}:{asked.notify_port}"
    own = {"IOC_NOTIFY_HOST": LOOPBACK, "IOC_NOTIFY_PORT": str(asked.notify_port),
           "IOC_NOTIFY_FOLDER": str(places.NOTIFY)}
    return Program("notify", ioc("notify"), str(ROOT), _log("notify"), order=16, environment=settings(asked) | own,
                   port=asked.notify_port, setting=plan.NOTIFY, url=places.short(places.NOTIFY / "notifications.log"),
                   ready=f"{home}/healthz", alive=f"{home}/healthz")


def alertmanager(asked: plan.Plan) -> Program:
    """Alertmanager; it runs before Prometheus, whose first delivery would be repeated only a minute later."""
    address = f"{LOOPBACK}:{asked.alertmanager_port}"
    command = routes.command(ROUTES / "alertmanager.yml", places.ALERTMANAGER / "data", address)
    return Program("alertmanager", command, str(ROOT), _log("alertmanager"), order=18, port=asked.alertmanager_port,
                   setting=plan.ALERTMANAGER, url=f"http://{address}", ready=f"http://{address}/-/ready")


def prometheus(asked: plan.Plan) -> Program:
    """Prometheus; its configuration names no address, only files that hold them."""
    address = f"{LOOPBACK}:{asked.prometheus_port}"
    command = [shutil.which("prometheus") or "prometheus", f"--config.file={CONFIGURATION}",
               f"--storage.tsdb.path={places.PROMETHEUS}", "--storage.tsdb.retention.time=30d",
               f"--web.listen-address={address}", f"--web.external-url=http://{address}"]
    return Program("prometheus", command, str(ROOT), _log("prometheus"), order=20, port=asked.prometheus_port,
                   setting=plan.PROMETHEUS, url=f"http://{address}", ready=f"http://{address}/-/ready")


def viewer(asked: plan.Plan) -> Program:
    """The walls on a page, for machines without Grafana."""
    home = f"http://{LOOPBACK}:{asked.viewer_port}"
    own = {"IOC_VIEWER_HOST": LOOPBACK, "IOC_VIEWER_PORT": str(asked.viewer_port)}
    return Program("viewer", ioc("viewer"), str(ROOT), _log("viewer"), order=25, environment=settings(asked) | own,
                   port=asked.viewer_port, setting=plan.VIEWER, url=home, ready=f"{home}/")


def player(asked: plan.Plan) -> Program:
    """What makes numbers move: a replay of the data named, else a simulated scenario."""
    speed = ["--speed", asked.speed] if asked.speed else []
    arguments = ["replay", str(asked.data), *speed] if asked.data else ["simulate", *speed]
    return Program(arguments[0], ioc(*arguments), str(ROOT), _log(arguments[0]), order=30, environment=settings(asked),
                   finishes=True)


def _log(name: str) -> str:
    return str(places.LOGS / f"{name}.log")
