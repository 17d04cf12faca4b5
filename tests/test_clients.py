"""Clients in two languages: generated from the OpenAPI document, compiled strictly, used on a live server."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.available import require
from tests.postgres import free_port
from tests.serving import environment, serving

PROGRAMS = Path(__file__).parent / "clients"
BIN = Path(sys.executable).parent  # not resolved: the environment's own folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    database = environment(ONRECORD_DATABASE_URL=f"sqlite:///{folder}/record.sqlite")
    with serving(
        [BIN / "onrecord", "serve", "--port", str(port)], port, folder=folder, env=database
    ) as client:
        yield client


@pytest.fixture(scope="module")
def document(server: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(server.get("/openapi.json").raise_for_status().content)
    return path


@pytest.fixture(scope="module")
def expected(server: httpx.Client) -> tuple[list[str], dict[str, Any]]:
    """What to ask for, and what a client must then print; read with plain HTTP."""
    quotes = server.get("/v1/quotes").raise_for_status().json()["results"]
    speaker = next(part["entity"]["id"] for quote in quotes for part in quote["speakers"] if part["entity"])
    said = server.get("/v1/quotes", params={"speaker": speaker}).raise_for_status().json()["results"]
    claim = server.get("/v1/claims", params={"limit": 1}).raise_for_status().json()["results"][0]
    answer = {"quotes": [quote["id"] for quote in said], "claim": claim["as_written"]}
    return [str(server.base_url), speaker, claim["id"]], answer


def run(*command: str | Path, folder: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_python_client(document: Path, expected: tuple[list[str], dict[str, Any]], tmp_path: Path) -> None:
    client = tmp_path / "onrecord_client"
    env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(tmp_path)}
    # Formatting what is thrown away would cost more than generating it.
    (tmp_path / "generator.yaml").write_text("post_hooks: []\n")
    options = ["--path", str(document), "--output-path", str(client), "--meta", "none"]
    generate = [str(BIN / "openapi-python-client"), "generate", *options, "--config", "generator.yaml"]
    run(*generate, folder=tmp_path, env=env)
    assert compileall.compile_dir(client, quiet=1)
    shutil.copy(PROGRAMS / "use.py", tmp_path)
    # Silent about the generated code itself, which is typed but not to the letter of `strict`.
    check = ["--strict", "--follow-imports=silent", "--config-file=", "use.py"]
    run(BIN / "mypy", *check, folder=tmp_path, env=env)
    arguments, answer = expected
    assert json.loads(run(sys.executable, "use.py", *arguments, folder=tmp_path, env=env)) == answer


@pytest.fixture(scope="module")
def packages() -> Path:
    """`node_modules` as locked, installed when the lock file is newer."""
    npm, lock = require("node"), PROGRAMS / "package-lock.json"
    installed = PROGRAMS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run(npm, "ci", folder=PROGRAMS)
    return PROGRAMS / "node_modules"


def test_typescript_client(
    document: Path, packages: Path, expected: tuple[list[str], dict[str, Any]], tmp_path: Path
) -> None:
    for name in ("package.json", "tsconfig.json", "use.ts"):
        shutil.copy(PROGRAMS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(packages)
    options = ["--input", str(document), "--output", "client", "--client", "@hey-api/client-fetch"]
    run(packages / ".bin" / "openapi-ts", *options, "--no-log-file", folder=tmp_path)
    run(packages / ".bin" / "tsc", "--project", ".", folder=tmp_path)
    arguments, answer = expected
    assert json.loads(run("node", "compiled/use.js", *arguments, folder=tmp_path)) == answer
