"""A PostgreSQL cluster of the tests' own: on loopback, in a temporary folder, gone when the tests are."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import psycopg
import pytest
from psycopg import sql

# Tests are run by hand and by CI on machines that lose nothing when a cluster is lost: no flush to disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Each worker of the tests holds some, and those of services that were killed take a moment to end.
    "max_connections": "400",
    # It would look through databases of a few seconds' life, and hold back what a purge erases.
    "autovacuum": "off",
    "timezone": "UTC",
}
ADDRESS = "ONRECORD_TEST_POSTGRES_PORT"


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`: the newest of Debian's, or the one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    found = debian[-1:] or ([Path(on_path).resolve()] if on_path else [])
    return found[0].parent if found else None


class Server:
    """A running cluster, known by its port: a worker of pytest-xdist has only that."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Its URL. Copying a migrated template is far quicker than migrating; nobody may be connected to the
        template meanwhile."""
        source = sql.Identifier(template or "template1")
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Also with connections still open, as after a test that failed."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        where = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=5"
        return psycopg.connect(where, autocommit=True)


class Cluster(Server):
    """Starts on entering, stops and is removed on leaving, at the latest when Python ends."""

    def __init__(self, **settings: str) -> None:
        super().__init__(port=0)
        self._settings = SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._command: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        programs = find_postgres()
        if programs is None:
            raise FileNotFoundError("no initdb under /usr/lib/postgresql or on the PATH")
        atexit.register(self.stop)
        self._folder = own_folder("onrecord-postgres-")
        data = str(self._folder / "data")
        if self._call(self._making(programs, data)).wait() != 0:
            self._fail()
        for _ in range(5):  # somebody else may take the free port between the look and the start
            self.port = free_port()
            settings = [f"--{name}={value}" for name, value in self._settings.items()]
            self._command = [str(programs / "postgres"), "-D", data, "-p", str(self.port), *settings]
            self._process = self._call(self._command)
            if self._answers():
                return
        self._fail()

    def _making(self, programs: Path, data: str) -> list[str]:
        """The command that makes the folder with its data."""
        initdb = [str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        return [*initdb, "-E", "UTF8", "--locale=C.UTF-8"]

    def restart(self, how: signal.Signals, away: float) -> None:
        """Stop as `pg_ctl stop` does, stay away for so many seconds, come back on the same port.

        SIGINT is its "fast" (sessions are ended), SIGQUIT "immediate" (as a crash: it recovers when started).
        """
        self.halt(how)
        time.sleep(away)
        self.resume()

    def halt(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop, and keep the data and the port."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=60)

    def resume(self) -> None:
        """Come back after a halt."""
        self._process = self._call(self._command)
        if not self._answers():
            self._fail()

    @property
    def folder(self) -> Path:
        assert self._folder is not None
        return self._folder

    @property
    def owner(self) -> int | None:
        """The user that it runs as, if it is another one."""
        user = _unprivileged()
        return user and user.pw_uid

    def _fail(self) -> NoReturn:
        assert self._folder is not None
        log = (self._folder / "log").read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start:\n{log}")

    def stop(self) -> None:
        atexit.unregister(self.stop)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": ends the sessions, then itself
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(timeout=20)
        self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _call(self, command: list[str]) -> subprocess.Popen[bytes]:
        assert self._folder is not None
        return run_unprivileged(command, self._folder)

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False


class Standby(Cluster):
    """A streaming replica of another cluster; what is committed there is seen here after a delay."""

    def __init__(self, primary: Server) -> None:
        super().__init__()
        self._primary = primary

    def delay(self, by: str) -> None:
        """From now on, by so much: `300ms`, `1h`, `0`."""
        self.execute(sql.SQL("ALTER SYSTEM SET recovery_min_apply_delay = {}").format(sql.Literal(by)))
        self.execute(sql.SQL("SELECT pg_reload_conf()"))

    def _making(self, programs: Path, data: str) -> list[str]:
        source = ["-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "postgres"]
        how = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        return [str(programs / "pg_basebackup"), "-D", data, *source, *how]


_own = Cluster()


def share(config: pytest.Config) -> None:
    """For `pytest_configure`: with pytest-xdist the controller starts one cluster and the workers inherit its
    address. Without it the first test that asks starts it (`shared`)."""
    if getattr(config.option, "dist", "no") != "no" and ADDRESS not in os.environ and find_postgres():
        os.environ[ADDRESS] = str(shared().port)
        config.add_cleanup(_end)


def shared() -> Server:
    """The cluster of this test run."""
    if ADDRESS in os.environ:
        return Server(int(os.environ[ADDRESS]))
    if _own.port == 0:
        _own.start()
    return _own


def _end() -> None:
    os.environ.pop(ADDRESS, None)
    _own.stop()


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to become: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def run_unprivileged(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """A server that runs as whoever may run it, in `folder` with its `log`; it ends when the tests do."""
    user = _unprivileged()
    if setpriv := shutil.which("setpriv"):  # so that a killed test run leaves none behind
        command = [setpriv, "--pdeathsig", "INT", *command]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def own_folder(prefix: str) -> Path:
    """A new folder that belongs to whoever runs the servers."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
