"""A child process: started with its log in a file, waited for, stopped cleanly."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contracts.errors import UnavailableError

_POLL_S = 0.05


class Child:
    """A running child process. `what` names it in sentences."""

    def __init__(
        self,
        what: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        handles: Sequence[int] = (),
    ) -> None:
        self.what = what
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 (our own commands)
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=handles,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end; how it ended."""
        return self._process.wait()

    def wait_until(self, ready: Callable[[], bool], limit_s: float) -> None:
        """Wait until `ready()`. Raises UnavailableError when it ends first or takes too long."""
        end = time.monotonic() + limit_s
        while not ready():
            if self.exit_code is not None:
                raise UnavailableError(f"{self.what} ended at its start: {self.last_words()}")
            if time.monotonic() > end:
                self.stop(5)
                msg = f"{self.what} wasn't ready within {limit_s:.0f} s; see {self.log}"
                raise UnavailableError(msg)
            time.sleep(_POLL_S)

    def stop(self, limit_s: float = 15) -> None:
        """SIGTERM, then SIGKILL after `limit_s`."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The last line of its log that says something, with the log's place."""
        lines = self.log.read_text(errors="replace").splitlines()[-200:]
        telling = [line for line in lines if line.strip() and not line.startswith((" ", "\t"))]
        return f"{telling[-1] if telling else 'no word'} (see {self.log})"
