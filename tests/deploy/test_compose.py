"""docker-compose.yml without an engine: its schema, and everything in it that names something elsewhere."""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from tools.jars import ROOT

HERE = Path(__file__).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENVIRONMENT = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines()
                   if line and not line.startswith("#"))
JOBS = {"ioc-worker": "workers", "prometheus": "prometheus", "alertmanager": "alertmanager", "ioc-notify": "notify"}
CONTAINERS = "/etc/prometheus/prometheus.yml"


def filled(text: str) -> str:
    """A text with its variables as .env.example or the default says."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: ENVIRONMENT.get(found[1], found[2]), text)


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Path in the container -> path or volume outside."""
    parts = [filled(volume).split(":") for volume in service.get("volumes", [])]
    return {part[1]: part[0] for part in parts}


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    known = {key: value for key, value in COMPOSE.items() if key != "name"}  # younger than this copy of the schema
    assert [f"{list(error.path)}: {error.message}" for error in Draft201909Validator(schema).iter_errors(known)] == []
    assert COMPOSE["name"] == "ioc"


def test_the_schema_refuses_what_is_wrong() -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    assert not Draft201909Validator(schema).is_valid({"services": {"kafka": {"imagee": "x"}}})


def test_the_services_are_those_of_the_house() -> None:
    assert set(SERVICES) == {"kafka", "topics", "worker", "notify", "alertmanager", "prometheus", "grafana", "replay"}
    assert {name for name, one in SERVICES.items() if one.get("profiles")} == {"replay"}


def test_every_mounted_path_exists() -> None:
    paths = {path for one in SERVICES.values() for path in mounts(one).values() if path.startswith(".")}
    assert len(paths) >= 8
    assert [path for path in paths if not path.startswith("./var/") and not (ROOT / path).exists()] == []


def test_files_of_ours_are_mounted_read_only_and_volumes_are_declared() -> None:
    volumes = [volume for one in SERVICES.values() for volume in one.get("volumes", [])]
    assert [volume for volume in volumes if volume.startswith((".", "$")) and not volume.endswith(":ro")] == []
    named = {volume.split(":")[0] for volume in volumes if not volume.startswith((".", "$"))}
    assert named == set(COMPOSE["volumes"])


def test_ports_are_unique_and_bound_to_the_loopback_unless_somebody_says_otherwise() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", [])]
    assert [port for port in ports if not re.match(r"\$\{(GRAFANA_)?BIND_ADDR:-127\.0\.0\.1\}:", port)] == []
    outside = Counter(filled(port).rsplit(":", 1)[0] for port in ports)
    assert [port for port, count in outside.items() if count > 1] == []


def test_whoever_is_waited_for_can_be_asked() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "start_period" in SERVICES[other]["healthcheck"], f"{name} waits for {other}"
            else:
                assert (how["condition"], SERVICES[other]["restart"]) == ("service_completed_successfully", "no")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened_and_pinned(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "tmpfs", "logging"} <= set(one)
    assert not one["user"].startswith(("0", "root"))
    assert re.search(r":v?\d+\.\d+\.\d+$", one["image"]), one["image"]
    assert not {"privileged", "network_mode", "cap_add"} & set(one)


def test_the_broker_is_the_one_that_is_tested() -> None:
    version = re.search(r"kafka_2\.13</artifactId><version>([\d.]+)", (ROOT / "deploy/kafka/pom.xml").read_text())
    assert version
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_targets_are_services_at_the_ports_they_listen_on() -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"] for job in jobs} == set(JOBS)
    folder = ROOT / mounts(SERVICES["prometheus"])["/var/targets"]
    for job in jobs:
        ((path,),) = [one["files"] for one in job["file_sd_configs"]]
        assert path == f"../../var/targets/{JOBS[job['job_name']]}.json"
        for target in json.loads((folder / Path(path).name).read_text())[0]["targets"]:
            service, port = target.split(":")
            service = "prometheus" if service == "localhost" else service
            assert port in json.dumps(SERVICES[service]), target
            assert set(SERVICES[service]["networks"]) & set(SERVICES["prometheus"]["networks"])


def test_the_receiver_and_the_data_sources_are_services() -> None:
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/ioc.yaml").read_text())["datasources"]
    given = SERVICES["grafana"]["environment"]
    urls = [given[one["url"].removeprefix("$")] for one in sources]
    urls += re.findall(r"url: '([^']+)'", (ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    assert urls[:2] == ["http://prometheus:9090", "http://alertmanager:9093"]
    assert {url.split("/")[2].split(":")[0] for url in urls} <= set(SERVICES)
    assert SERVICES["notify"]["environment"]["IOC_NOTIFY_PORT"] == urls[2].split("/")[2].split(":")[1]


def test_the_scrape_interval_of_the_data_source_is_that_of_prometheus() -> None:
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/ioc.yaml").read_text())["datasources"]
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert sources[0]["jsonData"]["timeInterval"] == scraped


def test_dashboards_are_provisioned_from_where_they_are_mounted() -> None:
    file = ROOT / "deploy/grafana/provisioning/dashboards/ioc.yaml"
    mounted = mounts(SERVICES["grafana"])
    for provider in yaml.safe_load(file.read_text())["providers"]:
        folder = provider["options"]["path"]
        assert Path(folder).parent.as_posix() in mounted
        assert Path(folder).name in ("vi", "en")
        assert provider["allowUiUpdates"] is False


def test_settings_are_settings() -> None:
    from streams.settings import Settings  # noqa: PLC0415  only here

    ours = {name for one in SERVICES.values() if one["image"].startswith("laocai-ioc")
            for name in one.get("environment", {}) if name.startswith("IOC_")}
    assert ours
    assert [name for name in ours if name.removeprefix("IOC_").lower() not in Settings.model_fields] == []


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool comes with make prepare")
def test_prometheus_finds_its_rules_and_targets_where_compose_mounts_them(tmp_path: Path) -> None:
    for inside, outside in mounts(SERVICES["prometheus"]).items():
        if outside.startswith("."):
            copy = tmp_path / inside.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / outside).is_dir() else shutil.copyfile)(ROOT / outside, copy)
    done = subprocess.run(["promtool", "check", "config", str(tmp_path / CONTAINERS.lstrip("/"))], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "does not exist" not in done.stdout + done.stderr
    assert done.stdout.count("rules found") == len(list((ROOT / "rules/generated").glob("*.yml")))
