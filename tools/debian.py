"""Programs that come from Debian: which are missing, and installing them as root without starting their services."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ToolError
from tools.progress import Step, complaint, run

POLICY = Path("/usr/sbin/policy-rc.d")
JAVA_AT_LEAST = 17


def java_is_missing() -> bool:
    """Whether no Java that runs Kafka 4 is there."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if not found:
        return True
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    version = re.search(r'version "(\d+)', said.stderr)
    return version is None or int(version.group(1)) < JAVA_AT_LEAST


def install(packages: Sequence[str], log: Path, shown: Step | None = None) -> None:
    """Installs Debian packages; their services are not started.

    Raises:
        ToolError: this is not Debian, not root, or apt fails; names the command that mends it.
    """
    by_hand = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise ToolError(f"{_named(packages)} missing and this is no Debian; install the equivalent of: {by_hand}")
    if os.geteuid() != 0:
        raise ToolError(f"{_named(packages)} missing and only root may install packages; run: sudo {by_hand}")
    log.unlink(missing_ok=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_kept_off():
        # the lists may be younger than the package wanted, and on a fresh machine there are none; so first without
        if _apt(["install", "-y", "--no-install-recommends", *packages], log, shown, environment) == 0:
            return
        _apt(["update"], log, shown, environment)
        if _apt(["install", "-y", "--no-install-recommends", *packages], log, shown, environment) != 0:
            raise ToolError(f"apt-get cannot install {', '.join(packages)} ({complaint(log)}); check the network and "
                            f"/etc/apt/sources.list, then run the same command again; all of it: {log}")


@contextmanager
def services_kept_off(policy: Path | None = None) -> Iterator[None]:
    """Forbids packages to start their services meanwhile: Debian's Prometheus would listen on all interfaces.

    A policy that is there already belongs to somebody else and stays as it is.
    """
    policy = policy or POLICY
    if policy.exists():
        yield
        return
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _apt(arguments: list[str], log: Path, shown: Step | None, environment: Mapping[str, str]) -> int:
    return run(["apt-get", "-q", "-o", "Acquire::Retries=2", "-o", "Dpkg::Use-Pty=0", *arguments], log, shown,
               environment=environment)


def _named(packages: Sequence[str]) -> str:
    return f"{' and '.join(packages)} {'is' if len(packages) == 1 else 'are'}"
