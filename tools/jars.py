"""The Java libraries of one Kafka broker, copied by Maven into a folder once."""

import hashlib
import os
import shutil
from pathlib import Path

from tools import maven
from tools.errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
POM = ROOT / "deploy/kafka/pom.xml"


class JarsError(ToolError):
    """The libraries cannot be had."""


def libs_folder() -> Path:
    """Where the libraries are kept: IOC_KAFKA_LIBS if set, else under the git-ignored `var`."""
    return Path(os.environ.get("IOC_KAFKA_LIBS") or ROOT / "var/kafka/libs")


def are_complete(libs: Path) -> bool:
    """Whether `libs` was filled to the end, from the pom as it is now."""
    return _filled(libs).is_complete()


def fetch(libs: Path | None = None) -> Path:
    """Fills the folder unless it is complete; answers the folder.

    Raises:
        JarsError: Maven is missing, or could neither find nor download the libraries.
    """
    libs = libs or libs_folder()
    if are_complete(libs):
        return libs
    if not shutil.which("mvn"):
        raise JarsError("Maven is not installed, and Kafka comes as Maven artifacts; run: apt-get install maven")
    return _filled(libs).fill(_copy)


def _filled(libs: Path) -> maven.Filled:
    return maven.Filled(libs, hashlib.sha256(POM.read_bytes()).hexdigest())


def _copy(into: Path) -> None:
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.1.2:copy-dependencies"
    complaint = maven.run(POM.parent, "-f", str(POM), goal, f"-DoutputDirectory={into}", "-DincludeScope=runtime")
    if complaint:
        raise JarsError(f"Maven cannot download Kafka ({complaint}); "
                        "check the network or ~/.m2/settings.xml, then run the same command again")
