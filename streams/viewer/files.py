"""Files of one folder by the path of a request; nothing outside of it, and nothing of a kind we do not serve."""

import re
from pathlib import Path

KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
    ".geojson": "application/geo+json", ".png": "image/png",
}
# no empty part, none that begins with a dot, no backslash, no percent sign: what is not plain is not a file of ours
PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


def find_file(folder: Path, name: str) -> tuple[str, Path] | None:
    """The media type and place of a file of the folder; None when there is none that may be shown."""
    kind = KINDS.get(Path(name).suffix)
    if kind is None or not PLAIN.fullmatch(name):
        return None
    root = folder.resolve()
    found = (root / name).resolve()
    return (kind, found) if found.is_relative_to(root) and found.is_file() else None
