"""The README is true: its commands run, and what it shows is part of what they answer."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.resources import RESOURCES
from tests.available import require
from tests.postgres import free_port
from tests.serving import environment, serving

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BIN = Path(sys.executable).parent
_BLOCK = re.compile(r"```sh\n(.*?)```\n(?:```json\n(.*?)```)?", re.DOTALL)


def _commands(program: str) -> Iterator[tuple[str, str | None]]:
    """The commands of one program, each with the answer that is shown after its block."""
    for block, answer in _BLOCK.findall(README):
        lines = [line for line in block.splitlines() if line.startswith(program)]
        yield from ((line, answer or None) for line in lines)


TOUR = list(_commands("curl"))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("tour"), free_port()
    env = environment(ONRECORD_DATABASE_URL=f"sqlite:///{folder}/record.sqlite")
    with serving([BIN / "onrecord", "serve", "--port", str(port)], port, folder=folder, env=env):
        yield port


@pytest.mark.parametrize(("command", "shown"), TOUR, ids=[command for command, _ in TOUR])
def test_tour(port: int, command: str, shown: str | None) -> None:
    require("curl")
    arguments = shlex.split(command.replace(":8000", f":{port}"))
    body = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    if "format=" in command:
        assert len(body.splitlines()) > 1
        return
    answer = json.loads(body)
    if shown:
        _assert_part(json.loads(shown), answer, "")
    else:
        # A question of the tour that finds nothing would teach nothing.
        assert "errors" not in answer, answer
        assert answer.get("results", True), command


def _assert_part(shown: Any, real: Any, path: str) -> None:
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{path}.{name}"
            _assert_part(value, real[name], f"{path}.{name}")
    elif isinstance(shown, list):
        assert len(shown) <= len(real), path
        for place, value in enumerate(shown):
            _assert_part(value, real[place], f"{path}[{place}]")
    else:
        assert shown == real, path


WALK = re.compile(r"```bash\n(.*?)```\n(?:```json\n(.*?)```)?", re.DOTALL)
_END = "=== end of block"


def test_the_record_is_kept_as_the_walk_through_says(tmp_path: Path) -> None:
    """One shell goes through it, as a reader would; what it answers is what is shown."""
    require("curl")
    ports = {"8000": str(free_port()), "8001": str(free_port())}
    blocks = WALK.findall(README)
    assert len(blocks) > 6
    script = f"\necho; echo '{_END}'\n".join(["set -euo pipefail", *(block for block, _ in blocks), ""])
    for shown, real in {**ports, ".venv/bin/": f"{BIN}/"}.items():
        script = script.replace(shown, real)
    env = environment(ONRECORD_CALLBACK_HTTP="true", ONRECORD_CALLBACK_LOOPBACK="true")
    port = ports["8000"]
    with serving([BIN / "onrecord", "serve", "--port", port], int(port), folder=tmp_path, env=env):
        # The receiver ends with the shell that began it.
        script = f"trap 'kill $(jobs -p)' EXIT\n{script}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split(_END)[1:-1]
    for (_, shown), output in zip(blocks, outputs, strict=True):
        if shown:
            _assert_part(json.loads(shown), json.loads(output), "")
    assert not (tmp_path / "receiver.log").read_text().count("Error")


def test_commands_of_the_annotated_file(tmp_path: Path) -> None:
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    commands = [command for command, _ in _commands(".venv/bin/onrecord")]
    assert len(commands) > 4
    for command in commands:
        arguments = [str(BIN / "onrecord"), *shlex.split(command)[1:]]
        done = subprocess.run(
            arguments, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (tmp_path / "exported" / "beirut-strikes-2024-10-15.claims.yaml").read_bytes() == (
        ROOT / "seeds" / "beirut-strikes-2024-10-15.claims.yaml"
    ).read_bytes()


@pytest.mark.parametrize("name", RESOURCES)
def test_every_resource_is_in_the_tour(name: str) -> None:
    assert any(f"/v1/{name}" in command for command, _ in TOUR)


def test_files_that_it_names_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
