"""A server of our own as a child process, with its data under the home folder, on loopback."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from infra.child import Child
from infra.home_lock import FolderLock
from infra.ports import LOOPBACK, accepts, choose_port
from infra.run_files import last, publish

_START_LIMIT_S = 60


class Embedded(ABC):
    """One server of a home folder. `port` 0: the one it had last, else any free one."""

    what: ClassVar[str]
    """Its name in sentences."""
    folder_name: ClassVar[str]
    log_name: ClassVar[str]
    run_name: ClassVar[str]
    """Under which others find it (infra/run_files.py)."""
    setting: ClassVar[str]
    """What sets its port."""

    def __init__(self, home: Path, port: int = 0) -> None:
        self.home = home.resolve()
        self.folder = self.home / self.folder_name
        self._wanted = port
        self._child: Child | None = None
        self.port = 0

    @abstractmethod
    def _launch(self, log: Path, lock: int) -> Child:
        """Start the process, which holds the handle `lock` as long as it lives."""

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def child(self) -> Child | None:
        """The process."""
        return self._child

    def start(self) -> Child:
        """Start and wait until it accepts clients. Raises UnavailableError with the reason."""
        name = f"the embedded {self.what}"
        lock = FolderLock(self.folder, name)
        try:
            before = last(self.home, self.run_name)
            self.port = choose_port(self._wanted, before.port if before else 0, name, self.setting)
            self._child = self._launch(self.home / "logs" / f"{self.log_name}.log", lock.handle)
            lock.name_holder(self._child.pid)
        finally:
            lock.release()
        self._child.wait_until(lambda: accepts(self.port), _START_LIMIT_S)
        publish(self.home, self.run_name, self._child.pid, self.address)
        return self._child

    def stop(self) -> None:
        """Stop cleanly. Its data stays, and the run file, so that the next start takes its port."""
        if self._child:
            self._child.stop()
            self._child = None
