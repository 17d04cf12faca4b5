"""The programs that some tests need, and what happens to those tests where a program is missing."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chromium import find_chromium
from tests.postgres import find_postgres


def _on_path(*names: str) -> Path | None:
    """The first of these commands that is on the PATH, or where Debian keeps the ones for root."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    return next((Path(found) for name in names if (found := shutil.which(name, path=path))), None)


def _npm() -> Path | None:
    """npm, with a Node.js new enough for the generator of the TypeScript client (Debian 12's is not)."""
    node = _on_path("node")
    if node is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    new_enough = tuple(int(part) for part in version.strip().lstrip("v").split(".")) >= (20, 19)
    return _on_path("npm") if new_enough else None


def _tmpfs() -> Path | None:
    """mount, where it may mount a file system in memory: for root, if nothing forbids it."""
    mount = _on_path("mount")
    if mount is None or os.geteuid() != 0 or sys.platform != "linux":
        return None
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            [mount, "-t", "tmpfs", "onrecord-tests", folder], capture_output=True, check=False
        )
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return mount if tried.returncode == 0 else None


PROGRAMS: dict[str, Callable[[], Path | None]] = {
    "postgresql": find_postgres,
    "chromium": find_chromium,
    "node": _npm,
    "compose": lambda: _on_path("docker-compose"),
    "nginx": lambda: _on_path("nginx"),
    "curl": lambda: _on_path("curl"),
    "pgbouncer": lambda: _on_path("pgbouncer"),
    "faketime": lambda: _on_path("faketime"),
    "office": lambda: _on_path("soffice", "libreoffice"),
    "tmpfs": _tmpfs,
}


def _required() -> set[str]:
    """What ONRECORD_TEST_REQUIRE names, as `.ci/run` does: missing there is a failure, not a skip."""
    names = {name for name in os.environ.get("ONRECORD_TEST_REQUIRE", "").split(",") if name}
    if unknown := names - PROGRAMS.keys():
        sys.exit(f"ONRECORD_TEST_REQUIRE names {sorted(unknown)}; it may name {sorted(PROGRAMS)}")
    return names


def require(program: str) -> Path:
    """Where the program is; without it the calling test is skipped, or fails if the program was required."""
    found = PROGRAMS[program]()
    if found is not None:
        return found
    if program in _required():
        pytest.fail(f"{program} is missing and ONRECORD_TEST_REQUIRE names it")
    pytest.skip(f"{program} is not installed")


def main() -> None:
    missing = {name for name, find in PROGRAMS.items() if find() is None}
    if lacking := missing & _required():
        sys.exit(f"ONRECORD_TEST_REQUIRE names what is not installed: {', '.join(sorted(lacking))}")
    if missing:
        sys.stderr.write(f"Left out, because they are not installed: tests of {', '.join(sorted(missing))}\n")


if __name__ == "__main__":
    main()
