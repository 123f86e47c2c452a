"""Coverage-guided fuzzing of the readers of events: `make fuzz [SECONDS=60] [SEED=7] [REPEAT=var/fuzz/findings/...]`.

atheris has an environment of its own (tools/apart.py). What is found is kept in var/fuzz/findings, each with its input;
to repeat it needs no atheris.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from tools.apart import NotInstalled, environment
from tools.errors import ToolError
from tools.fuzz.seeds import LARGEST, seeds
from tools.fuzz.target import Target
from tools.fuzz.wiring import target, vocabulary
from tools.fuzz.words import dictionary
from tools.jars import ROOT
from tools.progress import complaint, run, say, step

FOLDER: Final = ROOT / "var/fuzz"
NAME: Final = "fuzz/atheris"
PULSE: Final = re.compile(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
HELD: Final = "KHÔNG THẤY LỖI / NOTHING FOUND"
FOUND: Final = "CÓ LỖI / FOUND"
BROKEN: Final = "HỎNG / BROKEN"


def main(words: Sequence[str] | None = None) -> int:
    """Fuzzes, or repeats a finding; 1 if anything does not hold."""
    options = parse(words)
    if options.repeat:
        return repeat(target(), options.repeat)
    python = installed()
    seed = options.seed if options.seed is not None else Random().randrange(1, 10_000)
    return fuzz(python, options.seconds, seed, FOLDER)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="how long; default: 60")
    parser.add_argument("--seed", type=int, metavar="N", help="draw the same again; default: otherwise each time")
    parser.add_argument("--repeat", type=Path, metavar="PATH", help="ask one input again: a file of var/fuzz/findings")
    return parser.parse_args(words)


def installed() -> Path:
    """The Python that has atheris.

    Raises:
        ToolError: it cannot be installed here.
    """
    try:
        return environment(NAME, install=True, verb="fuzz", options=("--only-binary", "atheris"))
    except NotInstalled as reason:
        version = ".".join(map(str, sys.version_info[:2]))
        raise ToolError(f"make fuzz needs atheris, which cannot be installed here: {reason}; there are builds of it "
                        f"for few Pythons, this is Python {version} on {sys.platform}") from None


def repeat(doors: Target, path: Path) -> int:
    """Asks one input again, and tells what does not hold."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}") from None
    door, answer, finding = doors.ask(data)
    say(f"feed {door.feed.name}, {len(data) - 1} bytes: {data[1:400]!r}")
    if finding is None:
        say(f"{HELD}: {answer!r}"[:1000])
        return 0
    say(f"{FOUND}: {finding.check} {finding.place}\n{finding.story}")
    return 1


def fuzz(python: Path, seconds: int, seed: int, folder: Path) -> int:
    """Fuzzes for so long, and tells what came of it."""
    begin(folder)
    log = folder / "run.log"
    command = [str(python), "-m", "tools.fuzz.driver", str(folder), str(folder / "corpus"), str(folder / "seeds"),
               f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LARGEST}", f"-dict={folder / 'dictionary'}",
               f"-artifact_prefix={folder / 'findings'}/", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
    with step(f"fuzzing for {seconds} s, seed {seed}") as shown:
        code = run(command, log, shown, ROOT)
    pulses = PULSE.findall(log.read_text(encoding="utf-8", errors="replace"))
    executions, covered, features, corpus = pulses[-1] if pulses else ("0",) * 4
    found = sorted(path for path in (folder / "findings").iterdir() if path.suffix != ".txt")
    say(f"{int(executions):,} records, {covered} branches and {features} features reached, {corpus} inputs kept")
    for path in found:
        told = path.with_suffix(".txt")
        head = told.read_text(encoding="utf-8").splitlines()[:3] if told.exists() else ["the process ended or hung"]
        say(f"  {'; '.join(head)[:200]}\n    make fuzz REPEAT={path.relative_to(ROOT)}")
    if code != 0 or not pulses:
        say(f"the fuzzer ended with code {code}: {complaint(log)} (all of it: {log.relative_to(ROOT)})")
    say(FOUND if found else HELD if code == 0 and pulses else BROKEN)
    return int(bool(found) or code != 0 or not pulses)


def begin(folder: Path) -> None:
    """Empty folders, the seeds, the dictionary."""
    for name in ("corpus", "seeds", "findings"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    (folder / "run.log").unlink(missing_ok=True)
    doors = target()
    inputs = seeds([door.feed for door in doors.doors], doors.reference)
    for number, data in enumerate(inputs):
        (folder / "seeds" / f"{number:04d}").write_bytes(data)
    (folder / "dictionary").write_text(dictionary(vocabulary(doors, inputs)), encoding="ascii")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
