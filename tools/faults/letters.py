"""What became of records that a scenario sent: where they stand, and which of them are dead letters."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from streams.publisher import PublishError, Receipt, written
from tools.faults.load import PUSHED, Entry
from tools.faults.stage import Stage
from tools.faults.story import Shot
from tools.faults.waiting import NotSeen
from tools.faults.watch import shown

SEND_SECONDS: Final = 120.0
COUNT_SECONDS: Final = 60.0
SLOWEST: Final = 500.0
"""Records a second that a busy machine sends and counts at least: for many, so much longer is waited."""

FLOOD: Final = 4000.0
"""Records a second of what is sent by the hundred thousand."""


class Fate(NamedTuple):
    """Of a dead letter."""

    fate: str
    reason: str


def send(stage: Stage, name: str, shots: Sequence[Shot], rate: float = PUSHED) -> list[Receipt | None]:
    """Sends records amid the load as a fault, and waits until all are counted; None for what the broker refused."""
    sent: list[list[Entry]] = []
    stage.fault(f"{len(shots)} records: {name}", lambda: sent.append(stage.load.push(shots, rate)))
    stage.bed.until(lambda: len(sent[0]) == len(shots), SEND_SECONDS + len(shots) / SLOWEST,
                    lambda: f"{len(shots)} records are sent, {len(sent[0])} were")
    receipts = [_receipt(entry) for entry in sent[0]]
    counted(stage, [one for one in receipts if one])
    return receipts


def _receipt(entry: Entry) -> Receipt | None:
    if entry.sent is None:
        return None
    try:
        return entry.sent.receipt()
    except PublishError:
        return None


def counted(stage: Stage, receipts: Collection[Receipt]) -> None:
    """Waits until the pages contain every one of these."""
    last: dict[tuple[str, int], int] = {}
    for topic, partition, offset in receipts:
        last[topic, partition] = max(offset, last.get((topic, partition), 0))

    def missing() -> list[str]:
        pages = shown(stage.bed.awake)
        return [f"{place} up to {offset}, shown {pages.get(place)}" for place, offset in last.items()
                if max(pages.get(place, [0])) <= offset]

    stage.bed.until(lambda: not missing(), COUNT_SECONDS + len(receipts) / SLOWEST,
                    lambda: f"all are counted; {missing()[:3]}")


def letters(stage: Stage, topics: Iterable[str]) -> dict[tuple[str, int, int], Fate]:
    """By origin every dead letter of some topics."""
    found = {}
    for topic in topics:
        for record in written(stage.bed.broker.address, f"{topic}.dead"):
            headers = dict(record.headers)
            name, number, offset = headers["ioc-origin"].decode().split("/")
            found[name, int(number), int(offset)] = Fate(headers["ioc-fate"].decode(), headers["ioc-reason"].decode())
    return found


def expect(stage: Stage, topic: str, said: Iterable[tuple[str, Receipt | None, Sequence[str]]]) -> None:
    """Remarks each record that has not become what was expected: name, receipt, reasons allowed; none: no letter.

    Raises:
        NotSeen: nothing was sent.
    """
    found, number = letters(stage, [topic]), 0
    for name, receipt, reasons in said:
        number += 1
        if receipt is None:
            stage.remarks.append(f"{name}: the broker has not taken it")
            continue
        letter = found.get((receipt.topic, receipt.partition, receipt.offset))
        if (letter.reason if letter else "") not in (reasons or [""]):
            stage.remarks.append(f"{name} at {receipt.offset}: {letter or 'no dead letter'}, expected "
                                 f"{reasons or 'none'}")
    if not number:
        raise NotSeen("nothing was sent")
