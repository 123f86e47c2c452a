"""Runbooks: one page an alert, written by people; a missing one begins as a stub, and the index tells which are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rules import render
from rules.judgement import SILENT, AlertRule
from schemas import names
from schemas.feed import Feed

INDEX = "docs/runbooks/README.md"
STUB = "CHƯA SOẠN / TO BE WRITTEN"
"""Stands in a page until a person has filled it."""

MEANING, CHECK, CALL, END, LOST, SILENCE = SECTIONS = (
    "Nghĩa là gì / What it means",
    "Kiểm tra đầu tiên / First check",
    "Gọi ai / Whom to call",
    "Khi nào hết / When it ends",
    "Mất dữ liệu / No data",
    "Tạm tắt / Silence",
)
"""The headings of a page, in order; the fifth only where the alert has a silent twin."""

INTRODUCTION = """\
Mỗi cảnh báo có một trang: nghĩa là gì, kiểm tra gì trước, gọi ai, khi nào hết, cách tạm tắt có người chịu trách nhiệm,
lý do và hạn. Bảng này sinh tự động; các trang do người viết. Trang ghi "chưa soạn" phải được soạn trước khi dùng thật.

Every alert has a page: what it means, what to check first, whom to call, when it ends, and how to silence it with an
owner, a reason and an expiry. This table is generated, the pages are written by people; a stub is to be filled first.
"""


@dataclass(frozen=True, slots=True)
class Page:
    """What the rules say of one alert; `twin` is there if it has one."""

    alert: str
    title: str
    severities: tuple[str, ...]
    duty: str
    twin: bool

    @property
    def path(self) -> str:
        """Where it stands."""
        return names.runbook(self.alert)


def pages(feeds: Sequence[Feed]) -> list[Page]:
    """One page an alert, by name; a twin shares the page of its alert."""
    found: dict[str, list[AlertRule]] = {}
    twins = set()
    for rule in render.alerts(feeds):
        path = rule["annotations"]["runbook_url"]
        if path.endswith(SILENT):
            twins.add(path.removesuffix(SILENT))
        else:
            found.setdefault(path, []).append(rule)
    return [_page(rules, twin=path in twins) for path, rules in sorted(found.items())]


def _page(rules: list[AlertRule], *, twin: bool) -> Page:
    severities = tuple(dict.fromkeys(rule["labels"]["severity"] for rule in rules))
    titles = (rules[0]["annotations"][f"title_{language}"] for language in ("vi", "en"))
    return Page(rules[0]["alert"], " / ".join(titles), severities, rules[0]["labels"]["duty"], twin)


def missing(root: Path, feeds: Sequence[Feed]) -> Mapping[str, str]:
    """Path -> stub, of every page that nobody has begun."""
    return {page.path: stub(page) for page in pages(feeds) if not (root / page.path).exists()}


def stub(page: Page) -> str:
    """The headings to be filled, and the command of the silence, which is the same for all."""
    parts = [f"# {page.alert}: {page.title}\n"]
    for section in SECTIONS:
        if section == SILENCE:
            parts.append(f"## {section}\n\n{silence(page)}")
        elif section != LOST or page.twin:
            parts.append(f"## {section}\n\n{STUB}\n")
    return "\n".join(parts)


def silence(page: Page) -> str:
    """The command that silences the alert and its twin; one at P1 for a day at the longest."""
    matcher = f'alertname=~"{page.alert}(Silent)?"' if page.twin else f'alertname="{page.alert}"'
    span = "2h" if "P1" in page.severities else "8h"
    return (
        "```sh\n"
        f"amtool silence add --alertmanager.url=http://127.0.0.1:9093 '{matcher}' \\\n"
        '  --author="<người chịu trách nhiệm / owner>" --comment="<lý do / reason>" '
        f"--duration={span}\n"
        "```\n"
    )


def index(root: Path, feeds: Sequence[Feed]) -> str:
    """The table of all pages."""
    rows = [
        f"| [{page.alert}]({page.alert}.md){' + Silent' if page.twin else ''} | {', '.join(page.severities)} "
        f"| {page.duty} | {page.title} | {'chưa soạn / stub' if is_stub(root, page) else ''} |\n"
        for page in pages(feeds)
    ]
    head = "| alert | severity | duty | | |\n| --- | --- | --- | --- | --- |\n"
    return f"# Sổ tay cảnh báo / Runbooks\n\n{INTRODUCTION}\n{head}{''.join(rows)}"


def is_stub(root: Path, page: Page) -> bool:
    """Whether nobody has filled it yet."""
    path = root / page.path
    return not path.exists() or STUB in path.read_text(encoding="utf-8")
