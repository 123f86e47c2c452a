"""Alertmanager: which program it is, and the copy of its configuration with the receiver's address of this machine."""

import shutil
from pathlib import Path

from tools.jars import ROOT

CONFIGURATION = ROOT / "deploy/alertmanager"
IN_CONTAINERS = "http://notify:9095/"
PROGRAMS = ("alertmanager", "prometheus-alertmanager")  # as its makers call it, and as Debian does


def program() -> str | None:
    """The path of the program; None where it is missing."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def write_configuration(folder: Path, receiver: str) -> Path:
    """Copies routes and texts and puts the receiver's address in; answers the configuration file.

    Alertmanager reads addresses from nowhere else: it knows no variables, and Debian's 0.25 no files of addresses.
    """
    shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
    file = folder / "alertmanager.yml"
    file.write_text(file.read_text(encoding="utf-8").replace(IN_CONTAINERS, f"{receiver}/"), encoding="utf-8")
    return file


def command(configuration: Path, data: Path, address: str) -> list[str]:
    """The command line; alone, so it opens no port for a cluster."""
    return [program() or PROGRAMS[0], f"--config.file={configuration}", f"--storage.path={data}",
            f"--web.listen-address={address}", f"--web.external-url=http://{address}", "--cluster.listen-address="]
