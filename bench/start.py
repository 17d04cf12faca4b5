"""How long a user waits: `onrecord serve` until it is ready on the seed, and `onrecord check` of the seed.

    .venv/bin/python bench/start.py [RUNS]

Each run of a pair follows the other, so that a busy machine slows both. A bare uvicorn application and a bare
interpreter are timed beside them: the ratios say more than the seconds.
"""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

BIN = Path(sys.executable).parent
SEED = Path(__file__).parents[1] / "seeds" / "beirut-strikes-2024-10-15.txt"
BARE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
"""


def ready(command: list[str], port: int, folder: str) -> float:
    """Seconds from the start of a server to its first answer."""
    begun = time.perf_counter()
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begun < 60:
            try:
                with urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                    return time.perf_counter() - begun
            except (URLError, ConnectionError):
                time.sleep(0.01)
    finally:
        server.terminate()
        server.wait()
    raise TimeoutError(" ".join(command))


def run(command: list[str], folder: str) -> float:
    """Seconds that a command takes."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - begun


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(runs: int) -> None:
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE)
        for round_ in range(runs):
            port = free_port()
            bare = [str(BIN / "uvicorn"), "bare:app", "--port", str(port), "--log-level", "error"]
            times.setdefault("bare uvicorn, ready", []).append(ready(bare, port, folder))
            for name, database in (("serve, new database, ready", round_), ("serve again, ready", 0)):
                port = free_port()
                url = f"sqlite:///{database}.sqlite"
                serve = [str(BIN / "onrecord"), "serve", "--port", str(port), "--database-url", url]
                times.setdefault(name, []).append(ready(serve, port, folder))
            times.setdefault("bare interpreter", []).append(run([sys.executable, "-c", "pass"], folder))
            times.setdefault("check of the seed", []).append(
                run([str(BIN / "onrecord"), "check", str(SEED)], folder)
            )
    limits = {"serve": "bare uvicorn, ready", "check": "bare interpreter"}
    for name, seconds in times.items():
        median = statistics.median(seconds)
        bare_name = limits.get(name.split()[0].rstrip(","))
        ratio = f"  {median / statistics.median(times[bare_name]):5.1f} x {bare_name}" if bare_name else ""
        print(
            f"{name:28} median {median:5.2f} s  (of {runs}, {min(seconds):.2f} to {max(seconds):.2f}){ratio}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
