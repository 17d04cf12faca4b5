"""A flame graph of the service while it answers uncached lists: `bench/profile.svg`.

    .venv/bin/python -m bench.profile [--size 100k] [--case list] [--postgresql]

py-spy samples the process from outside, the native code of extensions included.
"""

import argparse
import re
import subprocess
import sys
import threading
import venv
from contextlib import ExitStack
from pathlib import Path

from bench import cases, material, records
from bench.cluster import Kept
from bench.folder import HERE, kept
from bench.generator import GENERATOR_CORE, drive
from bench.measuring import Effort
from bench.peers import onrecord
from bench.serving import onrecord as serve

PINNED = "py-spy==0.4.3"
SECONDS = 10


def program() -> Path:
    """py-spy in an environment of its own, made on first use."""
    folder = kept() / PINNED
    spy = folder / "bin" / "py-spy"
    if not spy.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", PINNED]
        subprocess.run(install, check=True, stdout=sys.stderr)
    return spy


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.profile")
    parser.add_argument("--size", default="100k", choices=records.SIZES)
    parser.add_argument("--case", default="list", choices=[case.name for case in cases.CASES])
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--native", action="store_true", help="frames of extensions, too")
    parser.add_argument("--output", type=Path, default=HERE / "profile.svg")
    given = parser.parse_args()
    record = records.on_sqlite(given.size)
    found, case = material.of(record), next(c for c in cases.CASES if c.name == given.case)
    with ExitStack() as stack:
        if given.postgresql:
            record = records.on_postgresql(given.size, stack.enter_context(Kept()))
        server = stack.enter_context(serve(record.url))
        requests = [onrecord(q) for q in case.questions(found, 1 if case.again else Effort().different)]
        drive(server.port, requests, 32, 1)
        load = threading.Thread(target=drive, args=(server.port, requests[::-1], 32, SECONDS + 2))
        load.start()
        command = [str(program()), "record", "--rate", "500", "--duration", str(SECONDS)]
        command += ["--pid", str(server.pid), "--output", str(given.output)]
        command += ["--native"] if given.native else []
        subprocess.run(["taskset", "-c", str(GENERATOR_CORE), *command], check=True)
        load.join()
    database = "PostgreSQL" if given.postgresql else "SQLite"
    title = f"`{given.case}` of {given.size} quotes on {database}, 32 connections"
    # py-spy writes its own command there, with the paths of this machine.
    drawn = re.sub(r'(<text id="title"[^>]*>)[^<]*', rf"\g<1>{title}", given.output.read_text())
    given.output.write_text(drawn)


if __name__ == "__main__":
    main()
