"""What to say about a delivery, a beat or a silence: pure functions of what is remembered and the time.

"Resolved" proves nothing by itself: when Prometheus dies, Alertmanager sends it for every alert as soon as the end time
it was given is over. The Watchdog ends then too, within Prometheus' resend delay. So a "resolved" waits for a beat that
comes later than that; when none comes it is kept back, and said so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from streams.notify import lines
from streams.notify.lines import Line
from streams.notify.memory import Memory, Told, Word
from streams.notify.payload import Alert, Channel, Notification


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds; what each means stands in streams/settings.py."""

    beat: float
    confirm: float
    release: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The memory afterwards, the lines to write first, and what became of each alert: written, waiting, repeated."""

    memory: Memory
    lines: tuple[Line, ...] = ()
    outcomes: tuple[tuple[Channel, str], ...] = field(default=())


def deliver(memory: Memory, channel: Channel, sent: Notification, now: float) -> Verdict:
    """A delivery of alerts; one that was told already is recognised by its fingerprint, state and beginning."""
    changed: dict[str, Told] = {}
    said: dict[str, list[Told]] = {}
    outcomes = []
    for alert in sent.alerts:
        key = f"{channel}|{alert.fingerprint}"
        told, state, outcome = _judge(memory.told.get(key), alert, is_lost=memory.lost_since is not None, now=now)
        if told:
            changed[key] = told
        if told and state:
            said.setdefault(state, []).append(told)
        outcomes.append((channel, outcome))
    written = [lines.line(channel, state, alerts, now, more=sent.truncated if state == lines.BEGINS else 0)
               for state, alerts in said.items()]
    return Verdict(memory.with_told(changed, now), tuple(written), tuple(outcomes))


def beat(memory: Memory, patience: Patience, now: float) -> Verdict:
    """A beat of the Watchdog: vouches for what was said to be over long enough before it."""
    steady = now if memory.steady_since is None or memory.lost_since is not None else memory.steady_since
    news = [] if memory.lost_since is None else [lines.regained(memory.lost_since, now)]
    over = {key: told for key, told in memory.having("ending").items() if now - told.since >= patience.confirm}
    released = memory.having("kept") if now - steady >= patience.release else {}
    heard = replace(memory, beat=now, lost_since=None, steady_since=steady)
    resolved = _turned({**over, **released}, "resolved", now)
    said = [*_lines(lines.OVER, over, now), *_lines(lines.RELEASED, released, now)]
    outcomes = tuple((_channel(key), "written") for key in resolved)
    return Verdict(heard.with_told(resolved, now), (*news, *said), outcomes)


def silence(memory: Memory, patience: Patience, now: float, *, listening_since: float) -> Verdict:
    """Time that passes: too long without a beat, and nobody vouches for anything any more."""
    last = max(memory.beat or 0.0, listening_since)
    if memory.lost_since is not None or now - last <= patience.beat:
        return Verdict(memory)
    since = memory.beat or listening_since
    ending = memory.having("ending")
    lost = replace(memory, lost_since=since, steady_since=None).with_told(_turned(ending, "kept", now), now)
    outcomes = tuple((_channel(key), "kept_back") for key in ending)
    return Verdict(lost, (lines.lost(since, now), *_lines(lines.KEPT, ending, now)), outcomes)


def _judge(before: Told | None, alert: Alert, *, is_lost: bool, now: float) -> tuple[Told | None, str, str]:
    """The new last word or None, the state a line speaks of or "", and the outcome."""
    began = alert.started.isoformat()
    same = before is not None and before.started == began
    if alert.status == "firing":
        told = _told(alert, "firing", now)
        if before and before.word == "kept":
            return told, lines.STILL, "written"
        if before and before.word == "ending":
            return told, "", "repeated"
        if same and before and before.word == "firing":
            return None, "", "repeated"
        return told, lines.BEGINS, "written"
    if same and before and before.word != "firing":
        return None, "", "repeated"
    if is_lost:
        return _told(alert, "kept", now), lines.KEPT, "kept_back"
    return _told(alert, "ending", now), "", "waiting"


def _told(alert: Alert, word: Word, now: float) -> Told:
    summary = alert.told("summary") or " ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
    return Told(
        word=word,
        started=alert.started.isoformat(),
        since=now,
        name=alert.name,
        severity=alert.labels.get("severity", ""),
        provenance=alert.labels.get("provenance", ""),
        text=lines.clean(f"{alert.name}: {summary}"),
        runbook=alert.annotations.get("runbook_url", ""),
    )


def _turned(told: Mapping[str, Told], word: Word, now: float) -> dict[str, Told]:
    return {key: replace(one, word=word, since=now) for key, one in told.items()}


def _lines(state: str, told: Mapping[str, Told], now: float) -> Iterable[Line]:
    """One line a channel and alert name, as Alertmanager groups them."""
    groups: dict[tuple[str, str], list[Told]] = {}
    for key, one in told.items():
        groups.setdefault((key.partition("|")[0], one.name), []).append(one)
    return [lines.line(Channel(channel), state, alerts, now) for (channel, _), alerts in groups.items()]


def _channel(key: str) -> Channel:
    return Channel(key.partition("|")[0])
