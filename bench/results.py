"""Results: kept as JSON, compared with those of the run before, and looked up by case and server."""

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from bench import cluster, generator
from bench.datasette import PINNED
from bench.folder import HERE
from bench.measuring import Measured

FILE = HERE / "results.json"
AT = 32  # connections
PACKAGES = ("uvicorn", "fastapi", "sqlmodel", "sqlalchemy", "orjson", "psycopg")


@dataclass
class Results:
    """What a run found: `http` by size, case and server; the rest by size, as each case tells it."""

    about: dict[str, Any] = field(default_factory=dict)
    http: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    other: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, size: str, case: str, measured: Mapping[str, Measured]) -> None:
        """Keep what was measured over HTTP."""
        found = json.loads(json.dumps({name: asdict(m) for name, m in measured.items()}))
        self.http.setdefault(size, {})[case] = found

    def tell(self, size: str, case: str, found: Any) -> None:
        """Keep what another case found."""
        self.other.setdefault(size, {})[case] = found

    def rate(self, size: str, case: str, server: str, connections: int = AT) -> float | None:
        """Requests a second; None if it was not measured or does not count."""
        return self._of("rate", size, case, server, connections)

    def p50(self, size: str, case: str, server: str, connections: int = 1) -> float | None:
        """Milliseconds, at one connection unless said: the cost of a request that waits for no other."""
        found = self._of("p50", size, case, server, connections)
        return None if found is None else found / 1000

    def _of(self, what: str, size: str, case: str, server: str, connections: int) -> float | None:
        measured = self.http.get(size, {}).get(case, {}).get(server)
        if not measured or measured["left_out"]:
            return None
        found = measured[what].get(str(connections))
        return float(found) if found else None

    def save(self, file: Path = FILE) -> None:
        """Write them down."""
        file.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")

    def with_part(self, part: "Results") -> "Results":
        """These, with what a part of a run found in the place of what they have of it."""
        found = deepcopy(self)
        names: set[str] = set()
        for size, cases in part.http.items():
            for case, servers in cases.items():
                found.http.setdefault(size, {}).setdefault(case, {}).update(servers)
                names.add(case)
        for size, cases in part.other.items():
            # The records are the same.
            told = {case: value for case, value in cases.items() if not case.startswith("built")}
            kept = found.other.setdefault(size, {})
            for case, value in told.items():
                kept[case] = kept.get(case, {}) | value
            # What is of no size, such as loading, is told by its own name.
            names |= told.keys() if size in found.http else {size}
        parts: dict[str, Any] = found.about.setdefault("parts", {})
        parts |= dict.fromkeys(sorted(names), part.about.get("measured"))
        return found

    @classmethod
    def read(cls, file: Path = FILE) -> Self | None:
        """Those of the run before."""
        return cls(**json.loads(file.read_text())) if file.exists() else None


def machine() -> dict[str, Any]:
    """What it ran on, and in which versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if "model name" in line]
    model = models[0] if models else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    datasette = PINNED.read_text().splitlines()[0].replace("==", " ")
    postgraphile = json.loads((HERE / "postgraphile" / "package.json").read_text())["dependencies"]
    return {
        "machine": f"{model}, {len(generator.CORES)} cores, {memory / 2**30:.0f} GB",
        "versions": [
            f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", generator.version(),
            *(f"{name} {version(name)}" for name in PACKAGES), datasette,
            f"postgraphile {postgraphile['postgraphile']}", f"Node {_said('node', '--version')}",
            cluster.version(),
        ],
        "measured": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def against(new: Results, old: Results) -> list[str]:
    """On Record's requests a second, new beside old, relative to the bare server's of the same run."""
    lines = []
    for size, cases in sorted(new.http.items()):
        for case, servers in cases.items():
            for name in servers:
                if not name.startswith("onrecord"):
                    continue
                ratios = [_of_bare(results, size, case, name) for results in (new, old)]
                if ratios[0] and ratios[1]:
                    lines.append(f"{size:5} {case:20} {ratios[0]:8.3f} of bare, was {ratios[1]:8.3f}: "
                                 f"{ratios[0] / ratios[1]:5.2f} x")  # fmt: skip
    return lines


def _of_bare(results: Results, size: str, case: str, name: str) -> float | None:
    ours, bare = results.rate(size, case, name), results.rate(size, case, "bare")
    return ours / bare if ours and bare else None
