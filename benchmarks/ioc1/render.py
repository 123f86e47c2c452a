"""IOC-1 to its section of docs/benchmarks.md: the table of the drains, then what was killed."""

from collections.abc import Mapping, Sequence

from benchmarks.ioc1.events import A_SECOND
from benchmarks.ioc1.kills import SHARES, Killed
from benchmarks.ioc1.recount import FATES
from benchmarks.ioc1.rounds import Found, Sizes
from benchmarks.render import table
from benchmarks.ysb.entrants import Entrant
from benchmarks.ysb.render import cut_short, rows, where
from benchmarks.ysb.rounds import Contest

SUMMARY = """Tóm tắt: cùng một nhật ký có sự kiện gửi lặp, hỏng, muộn; mọi cửa sổ được đếm lại độc lập, cả sau khi tiến
trình bị dừng đột ngột (`kill -9`) rồi chạy lại."""

METHOD = """Our own variant of the Yahoo benchmark, published to be run by others: the same fields in a
CloudEvents envelope, keyed by the service, 2,000 services of 60 departments asked for by Zipf's law
(1.1). `benchmarks/ioc1/events.py` writes the log once, {events:,} records of {size:.0f} bytes on
average, zstd, 4 partitions, {a_second:,} a second of event time: {minutes:.1f} minutes, so that at its
end every window can still be compared and no id may be forgotten. 1 % are sent again within ten
minutes, 5 % come up to 30 s out of order, 0.01 % are 20 minutes to an hour old, 0.1 % are no JSON,
0.1 % of an unknown type. Validate envelope and fields, reject what is wrong, recognise a repeat by
its id, tell what is late for a window of 15 minutes, join the department, count views by department
and window of 10 s, show the counts each second. {rounds} rounds, everybody in turn; median, range in
brackets; CPU is that of the whole process with all its threads.

Exact: the count of **every** department and window, and how many records were rejected, repeated and late, are
those of an independent recount (`benchmarks/ioc1/recount.py`): {fates}. Of ours they are read from the confirmed
snapshots in Kafka, and the page showed the same sum.

- `ioc worker`: the shipped worker on [a declared feed](../benchmarks/ioc1/feeds/ioc1.py). Beside the work of all
  others it writes each rejected and late record to a topic of dead letters; the others only count them. It takes no
  partition for idle, as the log was stored minutes before: `IOC_IDLE_SECONDS=3600`.
- Flink, the faster engine of the JVM in the Yahoo benchmark: `keyBy(id)` and keyed state with a time to live of an
  hour, `keyBy(department)` and a map of windows; checkpoint each second, exactly once; 1 GB of heap. Warm: after a
  third of the log.
- Stock Faust: tables of ids, newest windows and counts. It drains a beginning of the same log. Its session is ours
  of 10 s, its validation passes unknown fields.

Killed: `kill -9` of the whole process group at two seeded moments of a drain, each by the offsets committed and
then somewhere in the second between two commits, the second one after its successor has committed more; started
again with nothing but what it keeps itself (Flink is pointed to its newest checkpoint). The table says how many
kills fell: a drain may end before one. The scale-out of the text (2 to 3 workers) is not part of this run:
`make faults` has it.
"""


def section(found: Found, machine: Mapping[str, str]) -> str:
    """The section."""
    drains = found.drains
    rounds = max(map(len, drains.runs.values()), default=0)
    fates = ", ".join(f"{found.truth.get(fate, 0):,} {word}" for fate, word in
                      zip(FATES, ("rejected", "repeated", "late"), strict=True))
    head = ("", "events", "kills", "at, of the log committed", "result")
    killed = table(head, [_row(found.killed, each) for each in found.killed.entrants], title="Killed and started again")
    return "\n".join([
        "## IOC-1: repeats, poison, lateness, kills", "",
        SUMMARY, "",
        *cut_short(drains, Sizes().events, Sizes().rounds), *rows(drains), "",
        *killed.splitlines(), "",
        METHOD.format(events=drains.events, size=drains.mean_bytes, a_second=A_SECOND,
                      minutes=drains.events / A_SECOND / 60, rounds=rounds, fates=fates),
        where(drains, machine), "",
    ])  # fmt: skip


def _row(found: Contest[Killed], each: Entrant[Killed]) -> tuple[str, ...]:
    runs = found.runs.get(each.name, [])
    if each.drain is None or each.name in found.failed or not runs:
        why = each.why or f"**no**: {found.failed.get(each.name, 'no run')}"
        return (each.title, "–", "–", "–", " ".join(why.split())[:200])
    shares = ", ".join(f"{share:.0%}" for run in runs for share in run.kills)
    number = f"{sum(len(run.kills) for run in runs)} of {len(runs) * len(SHARES)}"
    return (each.title, f"{len(runs)} × {each.number:,}", number, shares or "–", _verdict(runs))


def _verdict(runs: Sequence[Killed]) -> str:
    """Exact only if every run was killed, and right."""
    wrong = [run.wrong for run in runs if not run.is_exact]
    if wrong:
        return f"**no**, in {len(wrong)} of {len(runs)} runs: {wrong[0]}"
    missed = sum(not run.kills for run in runs)
    return f"not shown: {missed} of {len(runs)} runs ended before the kill" if missed else "exact"
