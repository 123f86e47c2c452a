"""Writes requirements/*.txt from pyproject.toml, each package with its hashes and no address of a registry."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.jars import ROOT

PIP_TOOLS = "pip-tools==7.6.2"
OPTIONS = ["--quiet", "--generate-hashes", "--allow-unsafe", "--no-strip-extras", "--no-emit-index-url",
           "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"]
RUNTIME, DEV = "requirements/runtime.txt", "requirements/dev.txt"
APART = "requirements/*/*.in"
"""What is installed in environments of their own: tools/apart.py."""


def main() -> int:
    """Compiles all locks in an environment of its own; the second agrees with the first wherever they meet."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        subprocess.run([f"{scratch}/bin/pip", "install", "--quiet", PIP_TOOLS], check=True)
        compile_lock = [str(Path(scratch) / "bin/pip-compile"), *OPTIONS, *sys.argv[1:]]
        environment = {**os.environ, "CUSTOM_COMPILE_COMMAND": "make lock"}
        project = ["--extra", "fast", "pyproject.toml", "requirements/build.in"]
        subprocess.run([*compile_lock, "-o", RUNTIME, *project], check=True, cwd=ROOT, env=environment)
        subprocess.run([*compile_lock, "--extra", "dev", "-c", RUNTIME, "-o", DEV, *project], check=True, cwd=ROOT,
                       env=environment)
        for source in sorted(ROOT.glob(APART)):
            locked = source.with_suffix(".txt").relative_to(ROOT)
            subprocess.run([*compile_lock, "-o", str(locked), str(source.relative_to(ROOT))], check=True, cwd=ROOT,
                           env=environment)
    return 0


if __name__ == "__main__":
    sys.exit(main())
