"""A real Chromium from the system for the tests of what a browser shows."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# Everything that would make the browser talk to anyone but the server under test, or need a screen or a GPU.
# No sandbox: as root, and in most containers, Chromium refuses to start with one.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> Path | None:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((Path(path) for path in found if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser: the system's, because playwright would download its own from elsewhere."""
    executable = find_chromium()
    if executable is None:
        raise FileNotFoundError("no Chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        try:
            yield started
        finally:
            started.close()
