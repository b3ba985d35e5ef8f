"""A browser, and ``mlmeta-track ui`` in a process of its own, for the tests of the page."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = "MLMETA_TEST_CHROMIUM"
WIDE, NARROW = 1440, 390


def chromium() -> str:
    """Return the path of Chromium; skip the test if there is none, and fail where CI runs."""
    named = os.environ.get(CHROMIUM)
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        message = f"There is no Chromium here. Install it, or name one in {CHROMIUM}."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def served(store: str) -> Iterator[str]:
    """Serve a store's page on a free port until the block ends, and give its address."""
    command = [sys.executable, "-m", "mlmeta_track", "ui", "--port", "0", "--store", store]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = re.search(r"shown at (http://\S+?)/?$", process.stdout.readline().strip())
        assert told is not None
        try:
            yield told[1]
        finally:
            process.terminate()


@dataclass
class Visitor:
    """Somebody who looks at the page; remembers what a browser complained of."""

    base: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def visit(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.locator("h1").first.wait_for()
        return self.page


@contextlib.contextmanager
def visitor(
    browser: Browser, base: str, *, width: int = WIDE, theme: str = "light"
) -> Iterator[Visitor]:
    """Open a page of that width, and fail if the browser complained or asked another host."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        accept_downloads=True,
    )
    page = context.new_page()
    somebody = Visitor(base, context, page)
    page.on("pageerror", lambda error: somebody.complaints.append(str(error)))
    page.on(
        "console",
        # What the API refuses is in the console too, though the page says it in its place.
        lambda m: (
            somebody.complaints.append(m.text)
            if m.type == "error" and "status of 4" not in m.text
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            somebody.elsewhere.append(request.url)
            if not request.url.startswith((base, "data:", "blob:"))
            else None
        ),
    )
    yield somebody
    context.close()
    assert somebody.complaints == []
    assert somebody.elsewhere == []
