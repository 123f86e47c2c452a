"""The committed page: small, permissively licensed, and without the address of any registry or machine."""

import json
import re

from tests.viewer.trial import PAGE
from tools.jars import ROOT

LARGEST = 3_500_000  # bytes of everything together
PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "OFL-1.1", "Unlicense",
              "Zlib"}
LINE = "=" * 80
REGISTRY = re.compile(r"registry\.|/-/[^/\"]+\.tgz|\"resolved\"")
VIEWER = ROOT / "viewer"


def texts() -> dict[str, str]:
    """The licence of each package in the page, its name first, by name and version."""
    _, *packages = (PAGE / "LICENSES.txt").read_text(encoding="utf-8").split(f"\n{LINE}\n")
    return dict(package.strip().split(": ", 1) for package in packages)


def test_the_page_is_small() -> None:
    assert sum(file.stat().st_size for file in PAGE.rglob("*") if file.is_file()) < LARGEST


def test_every_licence_is_permissive() -> None:
    licences = {name: text.strip().splitlines()[0] for name, text in texts().items()}
    assert len(licences) > 50
    assert {name: licence for name, licence in licences.items() if licence not in PERMISSIVE} == {}
    assert {licence for name, licence in licences.items() if name.startswith("@grafana/")} <= {"Apache-2.0", "MIT"}


def test_no_licence_text_takes_anything_back() -> None:
    copyleft = re.compile("GNU (Affero|Lesser|General)|Mozilla Public", re.IGNORECASE)
    assert {name.split()[0] for name, text in texts().items() if copyleft.search(text)} <= {"dompurify"}  # a choice


def test_the_lock_names_no_registry_and_fixes_every_package() -> None:
    text = (VIEWER / "package-lock.json").read_text(encoding="utf-8")
    assert not REGISTRY.search(text)
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert [name for name, one in packages.items() if not one.get("integrity") and not one.get("inBundle")] == []


def test_what_is_asked_for_is_exact_and_locked() -> None:
    asked = json.loads((VIEWER / "package.json").read_text())["devDependencies"]
    locked = json.loads((VIEWER / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked


def test_the_page_is_built_from_these_sources() -> None:
    """A full rebuild needs Node (`make viewer`); the words of the page are a cheap sign that it was done."""
    built = (PAGE / "app.js").read_text(encoding="utf-8")
    words = re.findall(r"\w: '([^'\\\n]{12,})'", (VIEWER / "source/words.js").read_text(encoding="utf-8"))
    assert len(words) > 10
    assert [word for word in words if word not in built] == []
