"""Debian's Chromium, which draws the walls for tests and pictures: where it is, and how it is started."""

import os
import shutil

PACKAGE = "chromium"
# as root there is no sandbox; the rest keeps it from calling anybody
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars")


def path() -> str:
    """The program; empty when it is missing. CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or ""


def is_missing() -> bool:
    """Whether the package is to be installed."""
    return not path()
