"""Writes everything that derives from the declarations: `python -m tools.generate [--check]`.

With --check nothing is written: each stale or orphaned file is printed, and the exit code is 1 if there is one.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dashboards import build
from rules import render
from schemas.catalogue import load_feeds
from tools import pages, published, runbooks

ROOT = Path(__file__).resolve().parent.parent
YAML_HEAD = "# Sinh tự động bởi `make generate`, không sửa tay. Generated, do not edit.\n"
WHOLE = (("schemas/published", "*.json"), ("rules/generated", "*.yml"), ("docs/feeds", "*.md"),
         ("dashboards/generated/vi", "*.json"), ("dashboards/generated/en", "*.json"))
"""Folders in which every such file is generated: one that no declaration asks for is an orphan."""


def derived() -> dict[str, str]:
    """Path under the root -> text, of every generated file."""
    feeds = load_feeds()
    files = {
        **build.files(),
        **{f"rules/generated/{stem}.yml": _rules(f"ioc_{stem}", rules) for stem, rules in render.files(feeds).items()},
        "docs/metrics.md": pages.metrics_page(feeds),
        "docs/settings.md": pages.settings_page(),
        runbooks.INDEX: runbooks.index(ROOT, feeds),
        **runbooks.missing(ROOT, feeds),
    }
    for feed in feeds:
        name = f"{feed.name}.v{feed.version}"
        stem = feed.name if feed.version == 1 else f"{feed.name}_v{feed.version}"
        files[f"schemas/published/{name}.json"] = _json(published.schema(feed))
        files[f"docs/feeds/{stem}.md"] = pages.feed_page(feed)
    return files


def stale(root: Path, files: Mapping[str, str]) -> list[str]:
    """The files that are not as they should be, and those that should not be."""
    wrong = [path for path, text in files.items() if not _is(root / path, text)]
    present = (found.relative_to(root).as_posix() for folder, kind in WHOLE for found in (root / folder).glob(kind))
    return sorted([*wrong, *(path for path in present if path not in files)])


def write(root: Path, files: Mapping[str, str]) -> None:
    """Brings the tree to what the declarations say; orphans are removed."""
    for path in stale(root, files):
        target = root / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8")
        else:
            target.unlink()


def main(arguments: list[str] | None = None) -> int:
    """The command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, print what is stale")
    options = parser.parse_args(arguments)
    files = derived()
    old = stale(ROOT, files)
    for path in old:
        sys.stdout.write(f"{'stale' if options.check else 'written'}: {path}\n")
    if not options.check:
        write(ROOT, files)
    elif old:
        sys.stdout.write("run `make generate`\n")
    return 1 if options.check and old else 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _rules(group: str, rules: list[Any]) -> str:
    whole = {"groups": [{"name": group, "rules": rules}]}
    return f"{YAML_HEAD}{yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=116)}"


if __name__ == "__main__":
    sys.exit(main())
