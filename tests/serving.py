"""`onrecord serve` as a process of its own, for tests of what is installed and of real clients."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

PATIENCE = 60  # seconds; two cores that also run the other tests migrate and load in a fraction of it


@contextmanager
def serving(
    command: Sequence[str | Path], port: int, *, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[httpx.Client]:
    """A client of the server that `command` starts in `folder` on `port`; the server ends with the block."""
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            _await_health(client, process, log)
            yield client
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_health(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {process.args!r}:\n{log.read_text(errors='replace')}")


def environment(**settings: str) -> dict[str, str]:
    """This process's, less what would point the command at another database or at this source tree.

    No test may ask too often unless it asks for limits.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONRECORD_", "PYTHON"))}
    return kept | {"ONRECORD_LIMIT_ADDRESS": "0", "ONRECORD_LIMIT_KEY": "0"} | settings
