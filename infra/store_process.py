"""Starts and stops the embedded store's process."""

import os
import sys
from pathlib import Path

from infra.addresses import STORE, store_password
from infra.child import Child
from infra.embedded import Embedded


class EmbeddedStore(Embedded):
    """One ClickHouse, whose user is `user`."""

    what, folder_name, log_name = "ClickHouse", "clickhouse", "store"
    run_name, setting = STORE, "TELLTALE_CLICKHOUSE__PORT"

    def __init__(self, home: Path, user: str, port: int = 0) -> None:
        super().__init__(home, port)
        self._user = user

    def _launch(self, log: Path, lock: int) -> Child:
        store_password(self.home)
        arguments = ("--home", str(self.home), "--port", str(self.port), "--user", self._user)
        command = (sys.executable, "-P", "-m", "infra.store_server", *arguments)
        return Child(self.what, command, log, {**os.environ, "TZ": "UTC"}, (lock,))
