"""Where the benchmark keeps what takes long to make: records, and the programs of its peers."""

import ctypes
import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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


@contextmanager
def in_memory(path: Path) -> Iterator[None]:
    """Keep a file, or all files of a folder, in the page cache: what waits for a disk measures the disk.

    They are locked there, because a system may give back what it takes for cold; where it may not lock as
    much, they are read once.
    """
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    with ExitStack() as held:
        for file in files:
            # A server may have taken one away since they were listed.
            with suppress(FileNotFoundError):
                if size := file.stat().st_size:
                    _lock(library, file, ctypes.c_size_t(size), held)
        yield


def _lock(library: ctypes.CDLL, file: Path, size: ctypes.c_size_t, held: ExitStack) -> None:
    # Not by `mmap`, which tells nobody where a mapping is that cannot be written.
    with file.open("rb") as opened:
        mapped = library.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, opened.fileno(), ctypes.c_long(0))
    address = ctypes.c_void_p(mapped)
    if mapped in (None, ctypes.c_void_p(-1).value):
        _read(file)
        return
    held.callback(library.munmap, address, size)
    if library.mlock(address, size):
        _read(file)


def _read(file: Path) -> None:
    with file.open("rb", buffering=0) as opened:
        while opened.read(1 << 24):
            pass
