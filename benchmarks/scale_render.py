"""What `benchmarks/scale.py` found, to its section of docs/benchmarks.md."""

from collections.abc import Iterator, Sequence

from benchmarks.render import named, table
from benchmarks.scale import A_SECOND, BURST, Found, Scaled, Shape

HEAD = ("open cases", "partitions", "workers", "CPU of the workers", "snapshots written", "all snapshots", "memory",
        "kill -9 to correct")
TITLES = {"cases": "Open cases", "partitions": "Partitions", "workers": "Workers"}
METHOD = f"""## Scale

Tóm tắt: chi phí mỗi giây theo số hồ sơ vừa thay đổi, không theo số hồ sơ đang mở; bộ nhớ và thời gian phục hồi tăng
theo số hồ sơ đang mở.

`ioc worker` with so many open dossiers, then {A_SECOND} events/s about dossiers drawn at random, the worst case for
blocks; the state is confirmed and shown each second. CPU is that of all workers per second of load, memory their
resident memory together, "snapshots written" the bytes of the state topic's records per second. Then one worker is
ended by `kill -9`, another started, {BURST} events sent: the time until the pages show all of them once includes
starting a process and, since nobody says goodbye, the session timeout. A row has figures only if the pages counted
every event exactly once before the kill, after it and a while later.
"""


def section(found: Found, machine: dict[str, str], load: str) -> str:
    """The section."""
    parts = [METHOD]
    for name, rows in found.items():
        parts.append(table(HEAD, [_row(each) for each in rows], title=TITLES[name]))
        parts += [f"{sentence}\n" for sentence in bends(name, [each for each in rows if isinstance(each, Scaled)])]
    return "\n".join([*parts, f"Where: {named(machine)}. Load average while measuring: {load}."])


def _row(each: Scaled | tuple[Shape, str]) -> tuple[str, ...]:
    shape = each.shape if isinstance(each, Scaled) else each[0]
    start = (f"{shape.cases:,}", str(shape.partitions), str(shape.workers))
    if not isinstance(each, Scaled):
        return (*start, "–", "–", "–", "–", f"**{each[1]}**")
    return (*start, f"{each.cpu:.0%} of a core", f"{each.written / 1000:,.0f} kB/s", f"{each.state / 1e6:,.1f} MB",
            f"{each.rss_mb:,.0f} MB", f"{each.recovery:.1f} s")


def bends(name: str, rows: Sequence[Scaled]) -> Iterator[str]:
    """Where it bends, and why."""
    if len(rows) < 2:
        return
    first, last = rows[0], rows[-1]
    match name:
        case "cases":
            more = last.shape.cases - first.shape.cases
            yield (f"{last.shape.cases / first.shape.cases:.0f} times the cases: CPU {last.cpu / first.cpu:.1f} times, "
                   f"bytes written {last.written / first.written:.1f} times. A second writes what is fresh: the head "
                   f"with at most two blocks full of cases, and the blocks cut off; below that a partition is one "
                   f"record. It bends where all cases of a partition no longer fit into the head, and is flat beyond.")
            yield (f"Memory and recovery are in proportion: {(last.rss_mb - first.rss_mb) / more * 1e6:.0f} bytes and "
                   f"{(last.recovery - first.recovery) / more * 1e6:.0f} µs a case more. Of a recovery most is "
                   f"working out anew what each case gives to the standing KPIs; it may take as long as it takes, and "
                   f"only one that stands still ends the worker.")
        case "partitions":
            yield (f"Each partition that changed writes a head each second, so what is written grows with partitions "
                   f"up to the number of events a second ({last.written / first.written:.1f} times from "
                   f"{first.shape.partitions} to {last.shape.partitions}), and CPU with it "
                   f"({last.cpu / first.cpu:.1f} times). Beyond as many as workers need, partitions only cost.")
        case _:
            yield (f"Memory grows by what each process needs before it holds a case "
                   f"({(last.rss_mb - first.rss_mb) / (last.shape.workers - first.shape.workers):,.0f} MB each); CPU "
                   f"{last.cpu / first.cpu:.1f} times for the same load. A kill darkens only the partitions of one "
                   f"worker. More workers than cores bring no more events a second.")
