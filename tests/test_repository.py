"""The rules of the house that neither ruff nor mypy can hold."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What each package may import of the others: imports point one way.
MAY_IMPORT = {
    "models": set(),
    "annotations": {"models"},
    "migrations": {"models"},
    "api": {"annotations", "migrations", "models"},
}
LONGEST_MODULE = 250


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def modules(package: str) -> list[Path]:
    return [path for path in tracked(package) if path.suffix == ".py"]


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    others = {*MAY_IMPORT, "seeds", "tests", "bench"} - {package} - MAY_IMPORT[package]
    found = {str(path.relative_to(ROOT)): others.intersection(imported(path)) for path in modules(package)}
    assert not {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("package", ["annotations", "migrations", "models"])
def test_only_the_api_knows_the_web(package: str) -> None:
    web = {"fastapi", "starlette", "uvicorn", "typer"}
    assert not [str(path) for path in modules(package) if web.intersection(imported(path))]


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    # A migration is history: as long as what it did, and never touched again.
    paths = [path for package in ("annotations", "api", "models") for path in modules(package)]
    lengths = {path: len(path.read_text().splitlines()) for path in paths}
    assert not {str(path): length for path, length in lengths.items() if length > LONGEST_MODULE}


def test_lock_files_name_versions_and_hashes_and_no_address() -> None:
    locks = [*tracked("*.lock"), *tracked("*package-lock.json")]
    assert len(locks) == 5
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text, lock
        assert "--hash=sha256:" in text or '"integrity": "sha512-' in text, lock


def test_nothing_names_a_package_index() -> None:
    """So that everything installs from whatever mirror a machine is set up for."""
    index = re.compile(r"index-url|--registry|registry\s*=", re.IGNORECASE)
    files = tracked("Makefile", "Dockerfile", "*.toml", "*.yml", ".ci", "*.lock", "*.json", "*.npmrc")
    named = {path: index.findall(path.read_text().replace("--no-emit-index-url", "")) for path in files}
    assert not {path: found for path, found in named.items() if found}


def test_each_version_is_locked_once() -> None:
    """The same wherever it is installed: served, built or developed."""
    pins: dict[str, set[str]] = {}
    for lock in tracked("*.lock"):
        for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE):
            pins.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in pins.items() if len(versions) > 1}


def test_what_is_depended_on_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]} <= locked


def test_no_result_names_a_path_of_the_machine_that_it_was_measured_on() -> None:
    place = re.compile(r"(?<![\w.])/(?:tmp|work|home|root|Users|mnt|opt)/[\w.-]+")
    results = [path for path in tracked("bench", "docs") if path.suffix in (".svg", ".json", ".txt", ".md")]
    assert results
    assert not {path: found for path in results if (found := place.findall(path.read_text()))}


def test_text_files_end_their_lines_as_unix_does() -> None:
    """Offsets and hashes of the articles depend on it."""
    assert not [path for path in tracked("seeds", "*.py", "*.md") if b"\r" in path.read_bytes()]
