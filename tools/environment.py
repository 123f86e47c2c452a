"""The Python environment of the project, filled from a requirements file locked with hashes.

It runs before anything is installed, so it must not import more than the standard library.
"""

import hashlib
import os
import shutil
import sys
import tomllib
from pathlib import Path

from tools.errors import ToolError
from tools.jars import ROOT
from tools.progress import Step, complaint, run

LOCKS = {"runtime": ROOT / "requirements/runtime.txt", "dev": ROOT / "requirements/dev.txt"}


def folder() -> Path:
    """Where the environment is: IOC_VENV if set, else `.venv`."""
    return Path(os.environ.get("IOC_VENV") or ROOT / ".venv")


def python() -> Path:
    """The Python of the environment."""
    return folder() / "bin/python"


def is_ready(kind: str) -> bool:
    """Whether the environment holds what the lock says; one with the tools of developers serves to run as well."""
    stamps = ("dev",) if kind == "dev" else ("dev", "runtime")
    written = {one: _stamp(one).read_text() for one in stamps if _stamp(one).is_file()}
    return python().exists() and any(text == _digest(one) for one, text in written.items())


def venv_is_missing() -> bool:
    """Whether this Python cannot make environments: Debian keeps that part in a package of its own."""
    try:
        import ensurepip  # noqa: F401, PLC0415  what is asked is whether it can be imported
        import venv  # noqa: F401, PLC0415
    except ImportError:
        return True
    return False


def fill(kind: str, log: Path, shown: Step | None = None) -> None:
    """Makes the environment as the lock says; does nothing when it is so already.

    Raises:
        ToolError: the environment cannot be made, or pip cannot download.
    """
    if is_ready(kind):
        return
    log.unlink(missing_ok=True)
    if not python().exists() or not _runs():
        shutil.rmtree(folder(), ignore_errors=True)  # half made, or its Python is gone
        if run([sys.executable, "-m", "venv", str(folder())], log, shown) != 0:
            raise ToolError(f"no Python environment can be made in {folder()} ({complaint(log)}); "
                            f"on Debian run: apt-get install python3-venv; all of it: {log}")
    for stamp in LOCKS:
        _stamp(stamp).unlink(missing_ok=True)  # so that an interrupted installation is never taken for a whole one
    pip = [str(python()), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--retries", "2",
           "--progress-bar", "off"]
    _pip([*pip, "--no-deps", "--require-hashes", "-r", str(LOCKS[kind])], log, shown)  # the lock is whole; a resolver
    # would ask the registry again, and a package with an extra then fails on the day its next release comes out
    _pip([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], log, shown)
    _stamp(kind).write_text(_digest(kind))


def _pip(command: list[str], log: Path, shown: Step | None) -> None:
    if run(command, log, shown) != 0:
        raise ToolError(f"pip cannot install what the project needs ({complaint(log)}); check the network, "
                        f"then run the same command again; all of it: {log}")


def _runs() -> bool:
    return run([str(python()), "-c", "import pip"], Path(os.devnull)) == 0


def _stamp(kind: str) -> Path:
    return folder() / f"ioc-{kind}.sha256"


def _digest(kind: str) -> str:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = repr([declared[table] for table in ("build-system", "project")])  # how we lint changes nothing
    return hashlib.sha256(LOCKS[kind].read_bytes() + installed.encode()).hexdigest()
