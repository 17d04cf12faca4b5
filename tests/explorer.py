"""The picture of the explorer in README: `python -m tests.explorer` takes it anew, in an offline Chromium.

It needs Chromium and nothing else: it serves the seed from a file of its own on port 8000.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.chromium import browser
from tests.serving import environment, serving

PICTURE = Path(__file__).parents[1] / "docs" / "explorer.png"
QUOTE = "beirut-strikes-2024-10-15.q12"
SIZE = {"width": 1280, "height": 1240}
COMMAND = Path(sys.executable).parent / "onrecord"


@contextmanager
def served(port: int, folder: Path) -> Iterator[str]:
    """The address of a service that has the seed, in `record.sqlite` of this folder."""
    env = environment(ONRECORD_DATABASE_URL=f"sqlite:///{folder}/record.sqlite")
    with serving([COMMAND, "serve", "--port", str(port)], port, folder=folder, env=env) as client:
        yield str(client.base_url).rstrip("/")


def opened(page: Page, operation: str) -> Locator:
    """The operation with this id, unfolded."""
    page.locator(f"[id$='-{operation}'] .opblock-summary-control").click()
    block = page.locator(f".opblock[id$='-{operation}']")
    block.locator(".execute").wait_for()
    return block


def fill(block: Locator, **values: str) -> None:
    """Type or choose values of parameters that take one."""
    for name, value in values.items():
        field = block.locator(f"tr[data-param-name='{name}'] :is(input, select)").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def add(block: Locator, name: str, value: str) -> None:
    """Type a value of a parameter that takes several."""
    row = block.locator(f"tr[data-param-name='{name}']")
    row.locator(".json-schema-form-item-add").click()
    row.locator("input").last.fill(value)


def execute(block: Locator) -> Locator:
    """Send the request; the answer."""
    block.locator(".execute").click()
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    return answer


def authorise(page: Page, secret: str) -> None:
    """Give the explorer a key, which it then sends with every request."""
    page.locator(".auth-wrapper .authorize").click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("input").fill(secret)
    dialog.locator("button.authorize").click()
    dialog.locator("button.btn-done").click()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        served(8000, Path(folder)) as address,
        browser() as started,
    ):
        page = started.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.goto(f"{address}/docs")
        block = opened(page, "get_quote")
        fill(block, id=QUOTE)
        execute(block)
        block.evaluate("block => block.scrollIntoView()")
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
