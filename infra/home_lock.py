"""Who uses a folder: an operating system lock that ends with its holder, however it ends.

A lock file left by a killed process is therefore never stale; one that is held names the holder.
"""

import fcntl
import os
from pathlib import Path

from contracts.errors import UnavailableError


class FolderLock:
    """Exclusive use of a folder. Raises UnavailableError, naming the holder's process, when held.

    `handle` may be passed on to a child process, which then holds the lock as long as it lives.
    """

    def __init__(self, folder: Path, what: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / ".in-use"
        self.handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._path.read_text().strip() or "another process"
            os.close(self.handle)
            msg = (
                f"{what} in {folder} is in use by process {holder}; stop it there (Ctrl-C in its "
                f"terminal, or kill {holder}), or set TELLTALE_HOME to another folder"
            )
            raise UnavailableError(msg) from None

    def name_holder(self, pid: int) -> None:
        """Write down who holds the lock."""
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, str(pid).encode(), 0)

    def release(self) -> None:
        """Let go; children that got the handle keep holding."""
        os.close(self.handle)
