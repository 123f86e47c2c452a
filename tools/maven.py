"""Maven, and the folders of jars that it fills once; a half-finished folder is never used."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STAMP = "complete.sha256"  # written last; holds the digest of what the folder was filled from


def run(project: Path, *arguments: str) -> str | None:
    """Runs Maven in the folder of a project; answers its complaint, None if it did what it should."""
    quiet = ["mvn", "-q", "-B", "-Dstyle.color=never", "--strict-checksums"]
    # its own cache may hold all of it already, and then no network is needed at all
    for options in (["--offline"], []):
        done = subprocess.run([*quiet, *options, *arguments], cwd=project, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            return None
    return _first_error(done.stdout)


@dataclass(frozen=True, slots=True)
class Filled:
    """A folder of jars and the digest of what it is made from."""

    folder: Path
    digest: str

    def is_complete(self) -> bool:
        """Whether it was filled to the end, from what is wanted now."""
        stamp = self.folder / STAMP
        return stamp.is_file() and stamp.read_text().split() == [self.digest, _jars_in(self.folder)]

    def fill(self, how: Callable[[Path], None]) -> Path:
        """Has `how` fill a fresh folder and puts it in the place of this one; answers the folder."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{self.folder.name}-", dir=self.folder.parent) as scratch:
            fresh = Path(scratch) / self.folder.name
            how(fresh)
            (fresh / STAMP).write_text(f"{self.digest} {_jars_in(fresh)}\n")
            self._replace(fresh)
        return self.folder

    def _replace(self, fresh: Path) -> None:
        if self.is_complete():  # another process was faster
            return
        if self.folder.exists():
            shutil.rmtree(self.folder)
        fresh.rename(self.folder)


def _jars_in(folder: Path) -> str:
    return str(len(list(folder.rglob("*.jar"))))


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if "ERROR" in line]
    return (lines or output.splitlines() or ["it said nothing"])[0].replace("[ERROR] ", "")[:300]
