"""What only some machines allow: a freezer, a network of one's own, a disk of fixed size."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from tools.faults.waiting import NotSeen, until
from tools.ports import free_port

FREEZER: Final = Path("/sys/fs/cgroup/freezer")
UNIFIED: Final = Path("/sys/fs/cgroup")
NET: Final = f"10.213.{os.getpid() % 256}"
"""Of this process alone: two runs at once would answer for each other."""

HOST: Final = f"{NET}.1"
GUEST: Final = f"{NET}.2"
"""The two ends of a cable between namespaces that we make ourselves; nothing leaves the machine."""


def run(*words: str) -> str:
    """What is wrong with a command that was run; empty if nothing."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=30, check=False)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else f"`{' '.join(words)}`: {done.stdout.strip()[:200]}"


def must(*words: str) -> None:
    """Runs a command.

    Raises:
        NotSeen: it failed.
    """
    if wrong := run(*words):
        raise NotSeen(wrong)


# -- the freezer -------------------------------------------------------------------------------------------------------


@cache
def no_freezer() -> str:
    """Why no process can be frozen here; empty if one can."""
    try:
        freezer = Freezer(f"ioc-faults-try-{os.getpid()}")
    except OSError as error:
        return f"no freezer of cgroups can be made: {error}"
    freezer.close()
    return ""


class Freezer:
    """A cgroup whose processes can be frozen without any signal."""

    def __init__(self, name: str) -> None:
        self.old = FREEZER.is_dir()
        self.folder = (FREEZER if self.old else UNIFIED) / name
        self.folder.mkdir()
        switch = self.folder / ("freezer.state" if self.old else "cgroup.freeze")
        if not switch.exists():
            self.folder.rmdir()
            raise OSError(f"{switch} does not exist")
        self.switch = switch

    def freeze(self, pid: int) -> None:
        """Takes a process in, and stops it."""
        (self.folder / "cgroup.procs").write_text(str(pid))
        self.switch.write_text("FROZEN" if self.old else "1")
        until(self._frozen, 10, "the process is frozen")

    def thaw(self) -> None:
        """Lets it go on."""
        self.switch.write_text("THAWED" if self.old else "0")

    def _frozen(self) -> bool:
        if self.old:
            return self.switch.read_text().strip() == "FROZEN"
        return "frozen 1" in (self.folder / "cgroup.events").read_text()

    def close(self) -> None:
        """Thaws, sends the processes home, removes the group."""
        self.thaw()
        home = (FREEZER if self.old else UNIFIED) / "cgroup.procs"
        for pid in (self.folder / "cgroup.procs").read_text().split():
            home.write_text(pid)
        self.folder.rmdir()


# -- a network of one's own --------------------------------------------------------------------------------------------


@cache
def no_cable() -> str:
    """Why there can be no network namespace here; empty if there can."""
    if not shutil.which("ip"):
        return "there is no `ip` (package iproute2)"
    cable = Cable()
    try:
        cable.start()
    except NotSeen as error:
        return str(error)
    finally:
        cable.close()
    return ""


class Cable:
    """A network namespace at the end of a cable, in which workers run; the broker listens at our end of it."""

    def __init__(self) -> None:
        self.name = f"iocf{os.getpid() % 100_000}"
        self.near, self.far = f"{self.name}a", f"{self.name}b"
        self.port = free_port()
        self.listens = self.address = f"{HOST}:{self.port}"
        self.inside = ("ip", "netns", "exec", self.name)

    def start(self) -> None:
        """Makes the namespace and its cable.

        Raises:
            NotSeen: it cannot be made.
        """
        must("ip", "netns", "add", self.name)
        must("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far)
        must("ip", "link", "set", self.far, "netns", self.name)
        must("ip", "addr", "add", f"{HOST}/30", "dev", self.near)
        must("ip", "link", "set", self.near, "up")
        must(*self.inside, "ip", "addr", "add", f"{GUEST}/30", "dev", self.far)
        must(*self.inside, "ip", "link", "set", self.far, "up")
        must(*self.inside, "ip", "link", "set", "lo", "up")

    def close(self) -> None:
        """Removes both, if they are there."""
        run("ip", "link", "del", self.near)
        run("ip", "netns", "del", self.name)

    def unplug(self) -> None:
        """Takes the cable out."""
        must("ip", "link", "set", self.near, "down")

    def plug(self) -> None:
        """Puts it in again."""
        must("ip", "link", "set", self.near, "up")

    def swallow(self) -> None:
        """Lets everything that the guest sends vanish, without a word."""
        must(*self.inside, "ip", "route", "add", "blackhole", f"{HOST}/32")

    def forward(self) -> None:
        """Lets it through again."""
        must(*self.inside, "ip", "route", "del", "blackhole", f"{HOST}/32")


# -- a disk of fixed size ----------------------------------------------------------------------------------------------


@cache
def no_disk() -> str:
    """Why no small disk can be mounted here; empty if one can."""
    folder = Path(tempfile.mkdtemp(prefix="ioc-disk-"))
    try:
        return mount(folder, 1) or unmount(folder)
    finally:
        folder.rmdir()


def mount(folder: Path, megabytes: int) -> str:
    """Mounts a disk of fixed size; answers what is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    return run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "ioc-faults", str(folder))


def unmount(folder: Path) -> str:
    """Takes the disk away; answers what is wrong."""
    return run("umount", str(folder)) and run("umount", "-l", str(folder))


def fill(folder: Path) -> Path:
    """Writes a file until the disk is full, and answers it."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    if out.write(b"\0" * size) < size:
                        break
                except OSError:
                    break
    return file
