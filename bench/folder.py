"""Where the benchmark keeps what takes long to make: records, and the programs of its peers."""

import hashlib
import os
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
GENERATOR = ("words.py", "people.py", "article.py", "sentences.py", "record.py")


def kept() -> Path:
    """The folder `ONRECORD_BENCH_DIR`, else one below the system's temporary folder."""
    default = Path(tempfile.gettempdir()) / "onrecord-bench"
    folder = Path(os.environ.get("ONRECORD_BENCH_DIR") or default).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def of_this_schema() -> Path:
    """The folder of the records of this generator and this schema; others are left where they are."""
    steps = sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    content = b"".join(path.read_bytes() for path in (*(HERE / name for name in GENERATOR), *steps))
    folder = kept() / "records" / hashlib.sha256(content).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_through(path: Path) -> None:
    """Have a file, or all files of a folder, in the page cache, so that nothing waits for a disk."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    for file in files:
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 24):
                pass
