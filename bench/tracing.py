"""The command `onrecord`, with every statement that SQLite runs written to a file, values and all.

.venv/bin/python -m bench.tracing FILE serve …
"""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PARTED = "\n\x1e\n"


def trace(file: str) -> None:
    """From now on every connection tells of its statements."""
    log = Path(file).open("a", buffering=1)  # noqa: SIM115  # as long as the process lives
    original: Callable[..., sqlite3.Connection] = sqlite3.dbapi2.connect

    def connect(*given: Any, **options: Any) -> sqlite3.Connection:
        connection = original(*given, **options)
        connection.set_trace_callback(lambda statement: log.write(statement + PARTED) and None)
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]


if __name__ == "__main__":
    trace(sys.argv.pop(1))
    from api.cli import main  # after `connect` is another one

    main()
