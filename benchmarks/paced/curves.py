"""Latency by rate as a picture: p50 whole, p99 dashed, both axes logarithmic."""

from collections.abc import Callable, Iterator
from math import log10
from xml.sax.saxutils import escape

from benchmarks.paced.contest import Paced
from benchmarks.paced.ladder import Climbed

CURVES = "docs/pictures/ysb-paced.svg"
COLOURS = ("#0b7285", "#e8590c", "#5f3dc4")
LEFT, TOP, WIDTH, HEIGHT = 60, 44, 480, 260
LEGEND = LEFT + WIDTH + 24
MARKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
TITLE = "Giây cho đến khi hiện ra, theo tốc độ / Seconds until visible, by rate"


def curves(found: Paced) -> str:
    """Steps that were kept up with, and exact; what is missing stands in the table."""
    good = {name: [step for step in steps if step.is_good] for name, steps in found.climbed.items()}
    seconds = [each for steps in good.values() for step in steps for each in (step.p50, step.p99)]
    x = _scale([step.a_second for step in found.sizes.steps[1:]], LEFT, LEFT + WIDTH)
    marks = _marks(seconds)
    y = _scale(marks, TOP + HEIGHT, TOP)
    parts = [*_grid(found, marks, x, y)]
    for number, (name, title) in enumerate(found.titles.items()):
        colour, at = COLOURS[number % len(COLOURS)], TOP + 16 + number * 24
        parts.append(f'<path d="M{LEGEND} {at - 4}h26" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{LEGEND + 34}" y="{at}">{escape(title.replace("`", ""))}</text>')  # fmt: skip
        parts += _lines(good.get(name, []), colour, x, y)
    at = TOP + 24 + len(found.titles) * 24
    parts.append(f'<text x="{LEGEND}" y="{at}">—— p50, - - - p99</text>')
    size = f'width="{LEGEND + 240}" height="{TOP + HEIGHT + 52}"'
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
            f'<rect width="100%" height="100%" fill="white"/><text x="12" y="20">{TITLE}</text>']  # fmt: skip
    return "\n".join([*head, *parts, "</svg>", ""])


def _lines(steps: list[Climbed], colour: str, x: Callable[[float], float], y: Callable[[float], float]
           ) -> Iterator[str]:
    for values, dash in (([step.p50 for step in steps], ""), ([step.p99 for step in steps], ' stroke-dasharray="6 4"')):
        points = [(x(step.a_second), y(value)) for step, value in zip(steps, values, strict=True)]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        yield from (f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>' for across, down in points)


def _grid(found: Paced, marks: list[float], x: Callable[[float], float], y: Callable[[float], float]) -> Iterator[str]:
    for mark in marks:
        yield (f'<path d="M{LEFT} {y(mark):.1f}h{WIDTH}" stroke="#dee2e6"/>'
               f'<text x="{LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:g} s</text>')
    for step in found.sizes.steps[1:]:
        yield (f'<text x="{x(step.a_second):.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">'
               f"{step.a_second // 1000}k</text>")
    yield (f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 42}" text-anchor="middle">'
           "sự kiện mỗi giây / events per second</text>")


def _marks(seconds: list[float]) -> list[float]:
    """Those that hold all values between them."""
    below = [mark for mark in MARKS if mark <= min(seconds, default=1.0)] or [MARKS[0]]
    above = [mark for mark in MARKS if mark >= max(seconds, default=1.0)] or [MARKS[-1]]
    return [mark for mark in MARKS if below[-1] <= mark <= max(above[0], below[-1] * 2)]


def _scale(values: list[float] | list[int], low: float, high: float) -> Callable[[float], float]:
    """Maps the smallest value to `low` and the largest to `high`, logarithmically."""
    first, last = log10(min(values)), log10(max(values))
    return lambda value: low + (high - low) * (log10(value) - first) / ((last - first) or 1.0)
