"""One browser for tests and pictures, driven by Playwright: opens a wall, waits until it is drawn, reads it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from tools import chromium
from tools.errors import ToolError

WIDTH, HEIGHT = 1920, 1080
PATIENCE = 30.0  # seconds for a page to be drawn
READINGS = 20.0  # seconds between two readings of a wall, at most


@dataclass
class Screen:
    """A page of the viewer and everything it complained about."""

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> dict[str, Any]:
        """Opens an address of the viewer; answers what its first reading found."""
        self.complaints.clear()
        self.page.goto(f"{self.home}{path}")
        return dict(self.wait("window.drawn", PATIENCE))

    def read_again(self) -> dict[str, Any]:
        """Waits for the next reading and answers what it found."""
        self.page.evaluate("window.drawn = undefined")
        return dict(self.wait("window.drawn", READINGS))

    def wait(self, expression: str, seconds: float) -> Any:
        """Waits until a JavaScript expression is true; answers its value.

        Raises:
            ToolError: it is not true in time; tells what the page complained about.
        """
        until = time.monotonic() + seconds
        while not (answer := self.page.evaluate(expression)):  # Playwright's own waiting breaks the page's policy
            if time.monotonic() > until:
                raise ToolError(f"{expression}: not within {seconds:.0f} s; {self.complaints}")
            self.page.wait_for_timeout(50)
        return answer

    def hear(self, said: ConsoleMessage) -> None:
        """Keeps what the console says, unless it is mere talk."""
        if said.type in ("error", "warning"):
            self.complaints.append(f"{said.type}: {said.text} {said.location.get('url', '')}")

    def picture(self, file: Path) -> None:
        """Writes what the screen shows as PNG."""
        self.page.wait_for_load_state("networkidle")
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, animations="disabled")


@contextmanager
def open_screen(home: str, width: int = WIDTH, height: int = HEIGHT) -> Iterator[Screen]:
    """A browser of its own with one page.

    Raises:
        ToolError: there is no Chromium.
    """
    if chromium.is_missing():
        raise ToolError(f"Chromium is missing; install Debian's package {chromium.PACKAGE}")
    with TemporaryDirectory() as profile, sync_playwright() as driver:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium.path(), headless=True, args=list(chromium.FLAGS), locale="vi-VN",
            viewport={"width": width, "height": height}, chromium_sandbox=False)
        try:
            page = browser.pages[0]
            screen = Screen(page, home)
            page.on("pageerror", lambda error: screen.complaints.append(f"error: {error}"))
            page.on("console", screen.hear)
            yield screen
        finally:
            browser.close()
