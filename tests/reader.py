"""The web annotations of the seed over its text, in a reader of annotations: `docs/annotations.png`.

    python -m tests.reader

The reader is Recogito's text annotator, of `tests/clients`, in a Chromium that talks to the service alone: it
opens the text, fetches the page of annotations, and finds the words by itself.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.available import require
from tests.chromium import browser
from tests.explorer import served
from tests.postgres import free_port

PICTURE = Path(__file__).parents[1] / "docs" / "annotations.png"
CLIENTS = Path(__file__).parent / "clients"
DIST = "node_modules/@recogito/text-annotator/dist"
DOCUMENT = "beirut-strikes-2024-10-15"
DRAWN = ".r6o-span-highlight-layer .r6o-annotation"
SIZE = {"width": 1000, "height": 1100}
STYLE = """
    pre { font: 16px/1.9 Georgia, serif; white-space: pre-wrap; max-width: 46em; margin: 2em auto; }
"""
# What is drawn, by what an annotation is classified as; the rest is read, and left unseen.
READ = """
async ([source, colours]) => {
    const text = document.querySelector('pre');
    const label = one => one.bodies.map(body => body.value).find(value => value in colours);
    const reader = RecogitoJS.createTextAnnotator(text, {
        adapter: RecogitoJS.W3CTextFormat(source, text),
        annotatingEnabled: false,
        renderer: 'SPANS',
        style: one => label(one)
            ? { fill: colours[label(one)][0], fillOpacity: colours[label(one)][1] }
            : { fill: '#000', fillOpacity: 0 },
    });
    const page = await (await fetch(`/v1/documents/${source.split('/').at(-2)}/annotations`)).json();
    const marks = page.items.filter(one => one.motivation === 'classifying');
    reader.setAnnotations(marks);
    window.reader = reader;
    return {
        sent: marks.length,
        read: reader.state.store.all().map(one => ({
            label: one.bodies[0].value,
            words: one.target.selector.map(part => part.range.toString()),
            quoted: one.target.selector.map(part => part.quote),
        })),
    };
}
"""
COLOURS = {
    "content": ["#ffd54f", 0.55], "cue": ["#ef6c00", 0.45], "number": ["#43a047", 0.5],
    "mention": ["#90a4ae", 0.25],
}  # fmt: skip


def installed(folder: Path) -> Path:
    """The reader's files, installed as locked, in a folder of their own."""
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((CLIENTS / name).read_bytes())
    command: list[str | Path] = [require("node"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / DIST


@contextmanager
def opened(base: str, reader: Path) -> Iterator[tuple[Page, Any]]:
    """The text in a browser with what its annotations say, and what the reader made of them."""
    with browser() as started:
        # The service lets no other scripts run in what it serves; a reader is one.
        context = started.new_context(viewport=SIZE, bypass_csp=True)  # type: ignore[arg-type]
        page = context.new_page()
        text = f"{base}/v1/documents/{DOCUMENT}/text"
        page.goto(text)
        # As the bundlers define it that it is made for.
        page.add_script_tag(content="var process = { env: { NODE_ENV: 'production' } };")
        page.add_script_tag(path=reader / "text-annotator.umd.js")
        page.add_style_tag(path=reader / "text-annotator.css")
        page.add_style_tag(content=STYLE)
        found = page.evaluate(READ, [text, COLOURS])
        # They are drawn after they are taken, all in one frame.
        page.locator(DRAWN).first.wait_for(state="attached")
        yield page, found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        reader = installed(Path(folder))
        with served(free_port(), Path(folder)) as base, opened(base, reader) as (page, found):
            page.screenshot(path=PICTURE)
    sys.stdout.write(f"{len(found['read'])} annotations over the text: {PICTURE}\n")


if __name__ == "__main__":
    main()
