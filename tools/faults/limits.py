"""The edges of what a reader takes: T21, T22, T30."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas.decode import Decoder
from schemas.errors import Rejection
from streams.publisher import BOOTSTRAP_MS, Receipt, connect, encode, read_reference
from tools.faults.data import FEED, KEY, RATE, SHARED, before, good, shot
from tools.faults.house import House
from tools.faults.letters import counted, expect, send
from tools.faults.load import mark
from tools.faults.planted import KILLER, SEGMENTATION
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.fuzz.target import SLOWEST, TRIES, seconds_to_read
from tools.jars import ROOT

MUTATIONS: Final = 5000
MOST_BYTES: Final = 262_144
BOMB: Final = 200 << 20
MEMORY: Final = 400 << 20
CRASHES: Final = 3
QUARANTINE_SECONDS: Final = 60.0


def mutations(stage: Stage) -> None:
    """Thousands of good events with a few bytes changed, and JSON trees that nobody has grown."""
    decoder = Decoder(FEED, read_reference(ROOT / "reference"))
    values = [mutated(stage.random, encode(good(stage, number, before()))) for number in range(MUTATIONS)]
    for value in values:
        if (took := min(seconds_to_read(decoder, value) for _ in range(TRIES))) > SLOWEST:
            stage.remarks.append(f"reading {value[:60]!r} takes {took * 1000:.0f} ms of CPU")
        if not isinstance(decoder.decode(value), Rejection):
            json.loads(value)
    send(stage, "mutations", [shot(value) for value in values])


def mutated(random: Random, value: bytes) -> bytes:
    """A value with something wrong, most often."""
    kind = random.randrange(6)
    at, other = random.randrange(len(value)), random.randrange(len(value))
    if kind == 0:
        return value[:at] + bytes([random.randrange(256)]) + value[at + 1:]
    if kind == 1:
        return value[:min(at, other)] + value[max(at, other):]
    if kind == 2:
        return value[:at] + value[other:other + 20] + value[at:]
    if kind == 3:
        return value[:at] + random.randbytes(random.randrange(1, 8)) + value[at:]
    if kind == 4:
        return random.randbytes(random.randrange(200))
    return encode({**json.loads(value), "data": _tree(random, 4)})


def _tree(random: Random, depth: int) -> Any:
    kind = random.randrange(8 if depth else 6)
    if kind < 6:
        return random.choice([None, True, random.randrange(-10**20, 10**20), random.random() * 1e9, "x" * kind, 0])
    if kind == 6:
        return [_tree(random, depth - 1) for _ in range(random.randrange(4))]
    names = ["station_id", "rain_mm", "period_s", "quality", "a"]
    return {random.choice(names): _tree(random, depth - 1) for _ in range(random.randrange(4))}


def versions(stage: Stage) -> None:
    """Producers of several versions side by side: the schema's own, none, another; unknown and missing fields."""
    kinds: list[tuple[str, dict[str, Any], list[str]]] = [
        ("this version", {"dataschema": "urn:ioc:hydromet:1"}, []), ("no version", {}, []),
        ("version 2", {"dataschema": "urn:ioc:hydromet:2"}, ["unknown_schema"]),
        ("version 99", {"dataschema": "urn:ioc:hydromet:99"}, ["unknown_schema"]),
        ("type of version 2", {"type": "vn.laocai.hydromet.observed.v2"}, ["unknown_type"]),
        ("an unknown attribute", {"colour": "red"}, ["schema_violation"]),
        ("an unknown field", {"data": {"station_id": KEY.decode(), "quality": "ok", "wind": 3}}, ["schema_violation"]),
        ("optional fields missing", {"data": {"station_id": KEY.decode(), "quality": "ok"}}, []),
        ("a field missing", {"data": {"station_id": KEY.decode()}}, ["schema_violation"]),
    ]
    sent = kinds * 20
    receipts = send(stage, "of several versions", [shot(encode({**good(stage, number, before()), **more}))
                                                   for number, (_, more, _) in enumerate(sent)])
    expect(stage, FEED.topic, ((name, receipt, reasons)
                               for (name, _, reasons), receipt in zip(sent, receipts, strict=True)))


def large_values(stage: Stage) -> None:
    """Values at the limit and far beyond it, then little ones that become huge when unpacked."""
    stage.share()
    stage.work()
    sizes = [MOST_BYTES - 1, MOST_BYTES, MOST_BYTES + 1, 1_000_000, 10_000_000]
    values = [encode(good(stage, number, before())) for number in range(len(sizes))]
    receipts = send(stage, "large values", [shot(value + b" " * (size - len(value)))
                                            for value, size in zip(values, sizes, strict=True)])
    expect(stage, FEED.topic, ((f"{size} bytes", receipt, [] if size <= MOST_BYTES else ["too_large"])
                               for size, receipt in zip(sizes[:-1], receipts, strict=False)))
    if receipts[-1] is not None:
        stage.remarks.append(f"the publisher sent {sizes[-1]} bytes")
    huge = b'{"source":"//laocai.gov.vn/kttv/vrain","x":[' + b"{}," * (BOMB // 3) + b"{}]}"
    whole = [encode(good(stage, len(sizes) + number, before())) for number in range(BOMB // MOST_BYTES)]
    bombs = [(f"a bomb of {BOMB >> 20} MB in {codec}", codec, KEY, [huge], "too_large")
             for codec in ("gzip", "zstd", "lz4", "snappy")]
    bombs += [(f"a key of {BOMB >> 20} MB in zstd", "zstd", b"k" * BOMB, whole[:1], "wrong_key"),
              (f"{len(whole)} good values of {MOST_BYTES >> 10} KiB in one batch in zstd", "zstd", KEY,
               [value + b" " * (MOST_BYTES - len(value)) for value in whole[1:]], "")]
    hits: list[tuple[str, Receipt | None, list[str]]] = []
    for name, codec, key, values, reason in bombs:
        stage.work()
        taken: list[Receipt] = []
        stage.fault(name, lambda codec=codec, key=key, values=values, taken=taken:  # type: ignore[misc]
                    taken.extend(_bomb(stage, codec, key, values)))
        counted(stage, taken)
        hits += ((name, receipt, [reason] * bool(reason)) for receipt in taken)
        most = max(_most_memory(one.process.pid) for one in stage.bed.awake)
        stage.faults[-1] += f"; {'taken' if taken else 'refused by the broker'}, no worker beyond {most >> 20} MB"
        if most > MEMORY:
            stage.remarks.append(f"a worker took {most >> 20} MB, the last fault was {name}")
    stage.work()
    if not hits:
        stage.remarks.append("the broker took no bomb: nothing was proven of them")
    expect(stage, FEED.topic, hits)
    stage.remarks += [f"a worker died of it: {text}" for text in stage.bed.mended]


def _bomb(stage: Stage, codec: str, key: bytes, values: Sequence[bytes]) -> list[Receipt]:
    """One batch, packed small enough for the topic; nothing if the broker refuses it all the same."""
    producer = connect(KafkaProducer, stage.bed.broker.address, bootstrap_timeout_ms=BOOTSTRAP_MS, acks="all",
                       compression_type=codec, max_request_size=2 * BOMB, batch_size=2 * BOMB,
                       request_timeout_ms=20_000, delivery_timeout_ms=30_000, linger_ms=5000)
    try:
        sent = [producer.send(FEED.topic, key=key, value=value) for value in values]
        producer.flush()
        places = [one.get(30) for one in sent]
    except KafkaError:
        return []
    finally:
        producer.close(timeout=1)
    stage.load.known += (mark(FEED.topic, key, value) for value in values)
    return [Receipt(place.topic, place.partition, place.offset) for place in places]


def _most_memory(pid: int) -> int:
    """The most bytes that a process ever had in memory: a peak of some milliseconds counts, too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))


NO_REFUSAL: Final = (
    "bombs refused by the broker: a broker looks at the size of what is packed; told to keep it "
    "unpacked (compression.type=uncompressed) it refuses bombs by running out of its own memory")


def killers(stage: Stage) -> None:
    """Two records amid good ones end each process that reads them, until they are set aside."""
    stage.share()
    stage.work()
    names = ["good", "killer"] * 3
    values = [encode({**event, "id": f"{event['id']}-{KILLER.decode()}"} if name == "killer" else event)
              for name, event in ((name, good(stage, number, before())) for number, name in enumerate(names))]
    began = time.monotonic()
    receipts = send(stage, "killers and good ones in turn", [shot(value) for value in values])
    took, ended = time.monotonic() - began, stage.bed.mended
    stage.remarks += [f"a worker ended otherwise: {text}" for text in ended if f"code {SEGMENTATION}" not in text]
    if not 1 <= len(ended) <= CRASHES:
        stage.remarks.append(f"{len(ended)} workers ended, 1 to {CRASHES} may")
    if took > QUARANTINE_SECONDS:
        stage.remarks.append(f"the killers were set aside after {took:.0f} s, {QUARANTINE_SECONDS:.0f} s are allowed")
    expect(stage, FEED.topic, ((name, receipt, ["process_killer"] if name == "killer" else [])
                               for name, receipt in zip(names, receipts, strict=True)))
    stage.share()
    stage.work()
    if len(stage.bed.mended) > len(ended):
        stage.remarks.append(f"a worker ended once more: {stage.bed.mended[-1]}")
    told = stage.bed.ioc("dlq", "list", "--feed", FEED.name).stdout
    if "process_killer" not in told:
        stage.remarks.append(f"`ioc dlq list` does not tell of them: {told[-300:]}")


SCENARIOS: Final = (
    Scenario("T21", "5.000 sự kiện bị đổi vài byte, cây JSON ngẫu nhiên",
             "5,000 events with bytes changed, random trees",
             "the reader raises nothing; reasons as the recount finds them", mutations, 1, rate=RATE,
             house=SHARED, quick=True,
             parts=("atheris: `make fuzz`, 60 s, in an environment of its own",)),
    Scenario("T30", "Nhiều phiên bản lược đồ gửi xen kẽ", "Producers of several versions of the schema",
             "as the versioned schema says", versions, 1, rate=RATE, house=SHARED, quick=True),
)

LARGE_VALUES: Final = (
    Scenario("T22", "Giá trị 256 KiB ± 1, 1 MB, 10 MB; bom nén 200 MB (gzip, zstd, lz4, snappy): một giá trị, "
             "một khóa, 800 giá trị cỡ thường",
             "Values of 256 KiB ± 1, 1 MB, 10 MB; bombs of 200 MB in gzip, zstd, lz4 and snappy: one value, a key, "
             "800 values of usual size",
             "over the limit `too_large`, bombs too; no worker dies, each stays below 400 MB", large_values, 7,
             house=House(), parts=("413 of the gateway: there is no gateway yet", NO_REFUSAL)),
    Scenario("T23", "Bản ghi giết cả tiến trình (mã thoát 139)", "A record that kills the process (exit code 139)",
             "set aside within 60 s, after three crashes at most, as `process_killer`; its neighbours count",
             killers, 1, house=House(bug="kills")),
)
