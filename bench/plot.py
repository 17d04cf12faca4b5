"""The plot of growth as SVG: the time of one request over the number of quotes, both logarithmic."""

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.folder import HERE
from bench.records import SIZES
from bench.results import Results

FILE = HERE / "growth.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 520, 70, 260, 50, 50
FONT = 'font-family="sans-serif" font-size="12"'
TITLE = "Median time of one request (one connection) by size of the record"
COLOURS = ("#0b6e4f", "#c1292e", "#235789", "#f1a208", "#6a4c93", "#4f5d75", "#8d6a9f", "#2a9d8f")
# Case and server of each line; dashed ones are peers.
LINES = (
    ("list", "onrecord"), ("item", "onrecord"), ("list again", "onrecord"), ("words 1.0%", "onrecord"),
    ("words 10.0%", "onrecord"), ("facets narrow", "onrecord"), ("list", "onrecord-postgresql"),
    ("list", "datasette"), ("item", "datasette"), ("words 10.0%", "datasette"),
    ("facets narrow", "datasette"),
)  # fmt: skip


def draw(results: Results, file: Path = FILE) -> None:
    """Draw what was measured of the lines."""
    sizes = [size for size in SIZES if size in results.http]
    series = []
    for case, server in LINES:
        points = [(SIZES[s], p) for s in sizes if (p := results.p50(s, case, server))]
        if points:
            series.append((case, server, points))
    if series:
        file.write_text("\n".join(_svg(sizes, series)) + "\n")


def _svg(sizes: Sequence[str], series: Sequence[tuple[str, str, list[tuple[int, float]]]]) -> list[str]:
    every = [y for _, _, points in series for _, y in points]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    first, last = (math.log10(SIZES[size]) for size in (sizes[0], sizes[-1]))

    def x(quotes: float) -> float:
        return LEFT + (math.log10(quotes) - first) / max(last - first, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y(milliseconds: float) -> float:
        return TOP + (high - math.log10(milliseconds)) / max(high - low, 1) * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{TITLE}</text>',
    ]
    for power in range(low, high + 1):
        at = y(10**power)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>')
    bottom = f'y="{HEIGHT - 22}" text-anchor="middle"'
    out += [f'<text x="{x(SIZES[size]):.1f}" {bottom}>{size} quotes</text>' for size in sizes]
    names = sorted({case for case, _, _ in series}, key=[case for case, _, _ in series].index)
    for case, server, points in series:
        colour = COLOURS[names.index(case) % len(COLOURS)]
        dash = "" if server == "onrecord" else ' stroke-dasharray="6 4"'
        dash = ' stroke-dasharray="2 3"' if server.endswith("postgresql") else dash
        path = "L".join(f"{x(q):.1f} {y(t):.1f}" for q, t in points)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        out += [f'<circle cx="{x(q):.1f}" cy="{y(t):.1f}" r="3" fill="{colour}"/>' for q, t in points]
    return [*out, *_labels(series, names, y), "</svg>"]


def _labels(
    series: Sequence[tuple[str, str, list[tuple[int, float]]]], names: list[str], y: object
) -> list[str]:
    """What each line is, beside its end; pushed apart where ends meet."""
    assert callable(y)
    ends = sorted((y(points[-1][1]), case, server) for case, server, points in series)
    out, floor = [], 0.0
    for at, case, server in ends:
        floor = max(at, floor + 15)
        colour = COLOURS[names.index(case) % len(COLOURS)]
        label = escape(f"{case}: {'On Record' if server == 'onrecord' else server}")
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{floor + 4:.1f}" fill="{colour}">{label}</text>')
    return out
