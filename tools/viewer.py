"""Builds the wall page from its locked packages and compares it with the committed one: `make viewer`."""

import filecmp
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.errors import ToolError
from tools.jars import ROOT

COMMITTED = ROOT / "viewer/dist"
WORKSHOP = ROOT / "var/viewer"
INGREDIENTS = (".npmrc", "package.json", "package-lock.json", "build.mjs", "licences.mjs", "nothing.mjs", "source")


def main(words: list[str]) -> int:
    """Builds; 1 when the committed page differs, unless it is to be replaced."""
    try:
        built = build()
    except ToolError as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    if "--write" in words:
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(built, COMMITTED)
    different = differences(built, COMMITTED)
    for name in different:
        print(f"viewer/dist/{name} is not what its sources give", file=sys.stderr)
    if different:
        print("keep what was built with: make viewer WRITE=1", file=sys.stderr)
        return 1
    print("viewer/dist is what its sources and locked packages give, byte for byte")
    return 0


def build() -> Path:
    """The page built in a folder of its own.

    Raises:
        ToolError: there is no Node, a package cannot be installed, or the page cannot be built.
    """
    if not shutil.which("npm"):
        raise ToolError("the wall page is built with Node 20 or later and npm; install them")
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for name in INGREDIENTS:
        _copy(ROOT / "viewer" / name, WORKSHOP / name)
    wanted = hashlib.sha256((WORKSHOP / "package-lock.json").read_bytes()).hexdigest()
    stamp = WORKSHOP / "node_modules/.installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        _run("npm", "ci")
        stamp.write_text(wanted)
    _run("node", "build.mjs")
    return WORKSHOP / "dist"


def differences(left: Path, right: Path) -> list[str]:
    """The files that are not equal in both folders, or missing from one."""
    names = {str(file.relative_to(folder)) for folder in (left, right) for file in folder.rglob("*") if file.is_file()}
    return sorted(name for name in names if not _equal(left / name, right / name))


def _equal(left: Path, right: Path) -> bool:
    return left.is_file() and right.is_file() and filecmp.cmp(left, right, shallow=False)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _run(*command: str) -> None:
    if subprocess.run(command, cwd=WORKSHOP, stdin=subprocess.DEVNULL, check=False).returncode:
        raise ToolError(f"{' '.join(command)} failed in {WORKSHOP}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
