"""Another clock on the wall: `python -m tools.faults.skewed FACE PYTHON -m MODULE WORDS ...`.

Runs the module in this very process, where `time.time()` is off by the seconds that the file FACE holds, also when that
changes. No clock but this one: libfaketime, loaded into CPython 3.11, breaks timed waits as well, which would be
another fault.
"""

import runpy
import sys
import time
from pathlib import Path


def skew(face: Path) -> None:
    """Sets the clock of this process wrong; before anything is imported that may keep `time.time` for itself."""
    true = time.time_ns

    def wrong() -> int:
        return true() + int(face.read_text()) * 1_000_000_000

    time.time_ns = wrong
    time.time = lambda: wrong() / 1e9


if __name__ == "__main__":
    skew(Path(sys.argv[1]))
    sys.argv = sys.argv[4:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
