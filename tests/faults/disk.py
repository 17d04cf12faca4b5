"""A small disk, really mounted, which a test fills and makes room on again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Disk:
    """A mounted folder; the filler is a file that takes all room but so many bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @property
    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, but: int = 0) -> None:
        """Leave so many bytes, rounded to pages."""
        self.clear()
        with self._filler.open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, self.free - but)

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def mounted(folder: Path, size: str, owner: int | None = None) -> Iterator[Disk]:
    """A file system in memory of this size, at a new folder, for this user."""
    folder.mkdir()
    options = f"size={size},mode=0700" + (f",uid={owner}" if owner is not None else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "onrecord-tests", folder], check=True)
    try:
        yield Disk(folder)
    finally:
        # Lazily: what still has a file open there is about to end.
        subprocess.run(["umount", "--lazy", folder], check=True)
