"""The processes that the benchmark started: their memory, and whether they still work."""

import os
import re
import time
from pathlib import Path

PATIENCE = 300  # seconds
LOOK = 0.15  # seconds
TICKS = 1  # of processor time in a look; a server that stands there takes none, or one at times


def family(pid: int) -> list[int]:
    """The process and all that it started, directly or not, itself first."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for each in threads for child in (each / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return [pid]  # it has ended
    return [pid, *(member for child in children for member in family(child))]


def anonymous(pid: int) -> int:
    """Bytes of memory of the process's own."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Anonymous:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def settle() -> None:
    """Wait until no server works any more.

    A slow server still has up to one request of each connection when the generator has gone; what it does
    with them would be taken from whoever is asked next on the same core.

    Raises TimeoutError after `PATIENCE` seconds.
    """
    begun, before = time.monotonic(), _ticks()
    while time.monotonic() - begun < PATIENCE:
        time.sleep(LOOK)
        now = _ticks()
        if sum(now[pid] - before.get(pid, 0) for pid in now) <= TICKS:
            return
        before = now
    raise TimeoutError(f"a server still works {PATIENCE} seconds after it was asked last")


def _ticks() -> dict[int, int]:
    """Clock ticks of processor time by process, of all that this one started."""
    found = {}
    for pid in family(os.getpid())[1:]:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name, in brackets, may hold blanks; user and system time are the 12th and 13th field after it.
        times = stat.rpartition(")")[2].split()[11:13]
        found[pid] = sum(map(int, times))
    return found
