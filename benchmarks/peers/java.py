"""The peers on the JVM, Kafka Streams and Flink: built by Maven once, and the command line of each.

The sources are in the folder beside this file. Each contestant reads its task from the environment (`Race.java`) and
says one line of JSON.

    python -m benchmarks.peers.java     builds them and prints the command lines
"""

import hashlib
import os
import shlex
import shutil
from pathlib import Path

from tools import maven
from tools.broker import java
from tools.errors import ToolError
from tools.jars import ROOT

SOURCES = Path(__file__).with_suffix("")
BUILT = ROOT / "var/peers/java"
ENGINES = ("streams", "flink")
VARIANTS = {
    "streams-dsl": ("streams", "Main", "dsl"),
    "streams-store": ("streams", "Main", "store"),
    "flink-window": ("flink", "Main", "window"),
    "flink-operator": ("flink", "Main", "operator"),
}
DEDUPLICATED = {"flink-ioc1": ("flink", "Deduplicated")}  # IOC-1; its log is in benchmarks/ioc1
DOWNSAMPLING = {"streams-uc2": ("streams", "Downsampling")}  # Theodolite's UC2; its log is in benchmarks/theodolite
# the collector with the best throughput; the heap of both engines is far from full
JVM = ("-XX:+UseParallelGC", "-Xms1g", "-Xmx1g")


class NotInstalledError(ToolError):
    """A peer cannot be had on this machine."""


def command(variant: str, built: Path | None = None) -> list[str]:
    """The command line of a contestant, built first if need be.

    Raises:
        NotInstalledError: the JDK, Maven or the artifacts are missing.
        BrokerError: there is no Java at all.
    """
    engine, program, *how = (VARIANTS | DEDUPLICATED | DOWNSAMPLING)[variant]
    libs = (built or build()) / engine
    return [java(), *JVM, "-cp", f"{libs}/*", f"bench.{engine}.{program}", *how]


def build(into: Path = BUILT) -> Path:
    """Builds all peers unless that was done with the sources as they are; answers the folder with a folder for each.

    Raises:
        NotInstalledError: the JDK, Maven or the artifacts are missing.
    """
    filled = maven.Filled(into, _digest())
    if filled.is_complete():
        return into
    missing = [program for program in ("mvn", "javac") if not _is_there(program)]
    if missing:
        raise NotInstalledError(f"not installed: {' and '.join(missing)} missing; "
                                "run as root: apt-get install maven openjdk-17-jdk-headless")
    return filled.fill(_package)


def _package(into: Path) -> None:
    project = into.with_name("project")  # Maven writes among the sources, and those are to stay clean
    shutil.copytree(SOURCES, project)
    complaint = maven.run(project, "package")
    if complaint:
        raise NotInstalledError(f"not installed: Maven cannot build it ({complaint}); "
                                "check the network or ~/.m2/settings.xml, then run the same command again")
    into.mkdir()
    for engine in ENGINES:
        made = project / engine / "target"
        (made / f"{engine}-1.jar").rename(made / "libs" / f"{engine}-1.jar")
        (made / "libs").rename(into / engine)


def _is_there(program: str) -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(shutil.which(program) or (home and shutil.which(program, path=f"{home}/bin")))


def _digest() -> str:
    digest = hashlib.sha256()
    for source in sorted(path for path in SOURCES.rglob("*") if path.suffix in {".java", ".xml"}):
        digest.update(f"{source.relative_to(SOURCES)}\n".encode() + source.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    for name in VARIANTS | DEDUPLICATED | DOWNSAMPLING:
        print(f"{name}: {shlex.join(command(name))}")
