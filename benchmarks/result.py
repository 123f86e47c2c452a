"""What every drain gives, of whichever log and contestant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One drain. A wrong one has no speed.

    Attributes:
        events: how many were measured.
        cpu_us: CPU of the whole process, microseconds an event.
        rate: events per second.
        is_exact: whether the result is that of the recount.
        peak_mb: largest resident memory; 0 if it was not asked.
        guarantee: what the contestant promises after a crash, in its own words.
    """

    events: int
    cpu_us: float
    rate: float
    is_exact: bool
    peak_mb: float = 0.0
    guarantee: str = ""

    def __str__(self) -> str:
        memory = f"{self.peak_mb:,.0f} MB, " if self.peak_mb else ""
        return f"{self.cpu_us:.2f} µs/event, {self.rate:,.0f}/s, {memory}{'exact' if self.is_exact else 'WRONG'}"
