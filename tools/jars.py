"""The Java libraries of one Kafka broker, copied by Maven into a folder once; a half-finished copy is never used."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
POM = ROOT / "deploy/kafka/pom.xml"
STAMP = "complete.sha256"  # written last; holds the digest of the pom the folder was filled from


class JarsError(ToolError):
    """The libraries cannot be had."""


def libs_folder() -> Path:
    """Where the libraries are kept: IOC_KAFKA_LIBS if set, else under the git-ignored `var`."""
    return Path(os.environ.get("IOC_KAFKA_LIBS") or ROOT / "var/kafka/libs")


def are_complete(libs: Path) -> bool:
    """Whether `libs` was filled to the end, from the pom as it is now."""
    stamp = libs / STAMP
    return stamp.is_file() and stamp.read_text().split() == [_digest(), str(len(list(libs.glob("*.jar"))))]


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
    libs.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="libs-", dir=libs.parent) as scratch:
        fresh = Path(scratch) / "libs"
        _copy(fresh)
        (fresh / STAMP).write_text(f"{_digest()} {len(list(fresh.glob('*.jar')))}\n")
        _replace(libs, fresh)
    return libs


def _copy(into: Path) -> None:
    # Maven's own cache may hold all of it already, and then no network is needed at all
    if _cache_exists() and _maven(into, "--offline").returncode == 0:
        return
    shutil.rmtree(into, ignore_errors=True)
    done = _maven(into)
    if done.returncode != 0:
        raise JarsError(f"Maven cannot download Kafka ({_first_error(done.stdout)}); "
                        "check the network or ~/.m2/settings.xml, then run the same command again")


def _maven(into: Path, *options: str) -> subprocess.CompletedProcess[str]:
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.1.2:copy-dependencies"
    quiet = ["-q", "-B", "-Dstyle.color=never", "--strict-checksums"]
    what = ["-f", str(POM), goal, f"-DoutputDirectory={into}", "-DincludeScope=runtime"]
    return subprocess.run(["mvn", *quiet, *options, *what], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, cwd=POM.parent)


def _replace(libs: Path, fresh: Path) -> None:
    if are_complete(libs):  # another process was faster
        return
    if libs.exists():
        shutil.rmtree(libs)
    fresh.rename(libs)


def _cache_exists() -> bool:
    return (Path.home() / ".m2/repository/org/apache/kafka").is_dir()


def _digest() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if "ERROR" in line]
    return (lines or output.splitlines() or ["it said nothing"])[0].replace("[ERROR] ", "")[:300]
