"""A PostgreSQL cluster whose databases outlive the run, on loopback and as a user other than root."""

import os
import signal
import subprocess

from bench.folder import of_this_schema
from tests.postgres import SETTINGS, Cluster, find_postgres, free_port

# No flush to disk (`fsync = off` of the tests): loading is quicker than on a careful machine, for us and
# for COPY alike; reading is the same.
TUNED = SETTINGS | {
    "autovacuum": "on",
    "shared_buffers": "1GB",
    "effective_cache_size": "8GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "random_page_cost": "1.1",
    "jit": "off",
}


class Kept(Cluster):
    """Starts on entering, stops on leaving; its folder stays for the next run."""

    def __init__(self, settings: dict[str, str] = TUNED) -> None:
        super().__init__(**settings)

    def start(self) -> None:
        programs = find_postgres()
        if programs is None:
            raise FileNotFoundError("no initdb under /usr/lib/postgresql or on the PATH")
        self._folder = of_this_schema() / "postgresql"
        made = (self._folder / "data" / "PG_VERSION").exists()
        self._folder.mkdir(exist_ok=True)
        if self.owner is not None:
            os.chown(self._folder, self.owner, self.owner)
        data = str(self._folder / "data")
        if not made and self._call(self._making(programs, data)).wait() != 0:
            self._fail()
        self.port = free_port()
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        self._command = [str(programs / "postgres"), "-D", data, "-p", str(self.port), *settings]
        self._process = self._call(self._command)
        if not self._answers():
            self._fail()

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=60)


def version() -> str:
    """What `postgres --version` says."""
    programs = find_postgres()
    assert programs is not None
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()
