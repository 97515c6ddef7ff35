"""Starts and stops the embedded store's process."""

import os
import sys
from pathlib import Path

from infra.addresses import STORE, store_password
from infra.child import Child
from infra.home_lock import FolderLock
from infra.ports import LOOPBACK, accepts, choose_port
from infra.run_files import last, publish

_START_LIMIT_S = 60


class EmbeddedStore:
    """One ClickHouse with its data under `home`/clickhouse, on loopback. `port` 0: any free one."""

    def __init__(self, home: Path, user: str, port: int = 0) -> None:
        self._home = home.resolve()
        self._user = user
        self._wanted = port
        self._child: Child | None = None
        self.port = 0

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def child(self) -> Child | None:
        """The server's process."""
        return self._child

    def start(self) -> Child:
        """Start and wait until it answers. Raises UnavailableError with the reason."""
        lock = FolderLock(self._home / "clickhouse", "the embedded ClickHouse")
        try:
            before = last(self._home, STORE)
            self.port = choose_port(
                self._wanted,
                before.port if before else 0,
                "the embedded ClickHouse",
                "TELLTALE_CLICKHOUSE__PORT",
            )
            store_password(self._home)
            arguments = ("--home", str(self._home), "--port", str(self.port), "--user", self._user)
            command = (sys.executable, "-P", "-m", "infra.store_server", *arguments)
            log = self._home / "logs" / "store.log"
            environment = {**os.environ, "TZ": "UTC"}
            self._child = Child("ClickHouse", command, log, environment, (lock.handle,))
            lock.name_holder(self._child.pid)
        finally:
            lock.release()
        self._child.wait_until(lambda: accepts(self.port), _START_LIMIT_S)
        publish(self._home, STORE, self._child.pid, self.address)
        return self._child

    def stop(self) -> None:
        """Stop cleanly. Its data stays, and the run file, so that the next start takes its port."""
        if self._child:
            self._child.stop()
            self._child = None
