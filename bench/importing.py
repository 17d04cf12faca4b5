"""Importing what an annotation tool exports, a few texts and twenty times as many.

.venv/bin/python -m bench.importing
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.folder import ROOT
from bench.processes import anonymous
from bench.record import documents

TEXTS, TIMES = 200, 20
EVERY = 0.05  # seconds
ONRECORD = Path(sys.executable).parent / "onrecord"


def lines(number: int) -> Iterator[str]:
    """A doccano export of so many texts, in which the contents of their quotes are labelled."""
    made = list(itertools.islice(documents(TEXTS * 20), TEXTS))
    for count, document in zip(range(number), itertools.cycle(made), strict=False):
        labels = [
            [span.start, span.end, span.role]
            for quote in document.quotes
            for span in quote.spans
            if span.role == "content"
        ]
        yield json.dumps({"id": count, "text": document.text, "label": labels}) + "\n"


def run() -> dict[str, dict[str, float]]:
    """Seconds and bytes of memory at peak of an import, by its size."""
    with tempfile.TemporaryDirectory() as name:
        return {f"{number} texts": _one(Path(name), number) for number in (TEXTS, TEXTS * TIMES)}


def _one(folder: Path, number: int) -> dict[str, float]:
    file = folder / f"{number}.jsonl"
    with file.open("w") as written:
        written.writelines(lines(number))
    command: list[Any] = [ONRECORD, "import", file, "--map", "onrecord", "--output", folder / str(number)]
    begun, peak = time.perf_counter(), 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with suppress(OSError):
                peak = max(peak, anonymous(process.pid))
            time.sleep(EVERY)
    seconds = time.perf_counter() - begun
    # What is left for an editor to finish is told by 1.
    assert process.returncode in (0, 1), process.returncode
    assert len(list((folder / str(number)).iterdir())) == 2 * number
    return {"texts": number, "bytes": file.stat().st_size, "seconds": seconds, "peak": peak}


def main() -> None:
    found = run()
    for name, told in found.items():
        rate, peak = told["texts"] / told["seconds"], told["peak"] / 2**20
        print(f"{name}: {told['bytes'] / 1e6:.1f} MB, {rate:.0f} a second, {peak:.0f} MiB at peak")
    small, large = found.values()
    each = [told["seconds"] / told["texts"] for told in (small, large)]
    more = (large["peak"] - small["peak"]) / 2**20
    print(f"{more:.1f} MiB more, {each[1] / each[0]:.2f} times the seconds a text")


if __name__ == "__main__":
    main()
