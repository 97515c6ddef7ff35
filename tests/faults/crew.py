"""The worker processes of one installation, started again when they end, as `telltale up` does."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import psutil

from app.watchdog import EXIT_STALLED
from tests.faults import worker

_POLL_S = 0.05
_PAUSE_S = 0.4
"""What `telltale up` waits before it starts a part again."""
_ORDERLY = {0, -signal.SIGTERM}
HELD_UP = _ORDERLY | {EXIT_STALLED}
"""Exit codes after SIGTERM; one that was still starting simply ends. `HELD_UP`: also of one whom
broker or store kept from finishing.
"""

_forks = multiprocessing.get_context("forkserver")
_forks_lock = threading.Lock()
"""multiprocessing looks after its children from any thread, and must not do so twice at once."""
_forks.set_forkserver_preload(["tests.faults.preload"])


def environment(settings, **more):
    """What a worker of this installation finds in its environment."""
    kafka, store = settings.broker(), settings.store()
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TELLTALE_")},
        "TELLTALE_HOME": str(settings.home),
        "TELLTALE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TELLTALE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "TELLTALE_CLICKHOUSE__URL": store.url,
        "TELLTALE_CLICKHOUSE__PASSWORD": store.password.get_secret_value(),
        "TELLTALE_CLICKHOUSE__DATABASE": store.database,
        "TELLTALE_WORKER__SNAPSHOT_INTERVAL_S": "1.0",
        "TELLTALE_WORKER__BATCH_WAIT_S": "0.2",
        "OMP_NUM_THREADS": "1",
        **more,
    }


class Forked:
    """A worker forked from a process that has imported everything already."""

    def __init__(self, given, log):
        self._process = _forks.Process(target=worker.run, args=(given, str(log)), daemon=True)
        with _forks_lock:
            self._process.start()
        self.pid = self._process.pid

    @property
    def exit_code(self):
        with _forks_lock:
            return self._process.exitcode


class Fresh:
    """A worker started as an operator does, imports and all."""

    def __init__(self, given, log):
        line = [sys.executable, "-m", "tests.faults.worker", str(log)]
        self._process = subprocess.Popen(line, env=given, stdin=subprocess.DEVNULL)
        self.pid = self._process.pid

    @property
    def exit_code(self):
        return self._process.poll()


class Crew:
    """Keeps `size` workers running; who ends is replaced. `fell`: ends that nobody ordered."""

    def __init__(self, settings, size=1, start=Forked, **more):
        self.settings, self.log = settings, settings.home / "worker.log"
        self._given, self._start = environment(settings, **more), start
        self.size = size
        self.members = []
        self.fell = []
        self._ordered = set()
        self._wants = []
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self):
        self._fill()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closed.set()
        self._thread.join()
        for member in self.members:
            self.kill(member)
        for member in self.members:
            _wait(member, 10)

    def prepare(self, **more):
        """Give the next worker that starts these things more."""
        self._wants.append(more)

    def kill(self, member=None, number=signal.SIGKILL):
        """Send a signal; SIGKILL as a crash."""
        with self._lock:
            chosen = member or self.members[0]
            if number in {signal.SIGKILL, signal.SIGTERM}:
                self._ordered.add(chosen.pid)
            if chosen.exit_code is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chosen.pid, number)
        return chosen

    def wait_for_end(self):
        """Until those who were killed are gone."""
        for member in list(self.members):
            if member.pid in self._ordered:
                _wait(member, 10)

    def stop(self, limit_s=30, orderly=_ORDERLY):
        """Stop everyone as an operator does; the longest that one took, in seconds."""
        with self._lock:
            self.size, members = 0, list(self.members)
            for member in members:
                self.kill(member, signal.SIGTERM)
        began = time.monotonic()
        for member in members:
            _wait(member, limit_s)
        took = time.monotonic() - began
        codes = [member.exit_code for member in members]
        with self._lock:
            self.members = []
        if not orderly.issuperset(codes):
            raise AssertionError(f"stopped with {codes} after {took:.1f} s: {self.last_words()}")
        return took

    def dismiss(self):
        """Wait until everyone has ended by himself, and hire nobody; how they ended."""
        with self._lock:
            self.size, members = 0, list(self.members)
        codes = [_wait(member, 30) for member in members]
        with self._lock:
            self.members, self.fell = [], []
        return codes

    def resize(self, size):
        """Hire or dismiss; who is dismissed stops in an orderly way."""
        with self._lock:
            leaving, self.members = self.members[size:], self.members[:size]
            self.size = size
            for member in leaving:
                self.kill(member, signal.SIGTERM)
            self._fill()
        for member in leaving:
            if _wait(member, 30) not in _ORDERLY:
                self.fell.append((member.exit_code, self.last_words()))

    def rss_mb(self):
        """Memory of all workers."""
        with contextlib.suppress(psutil.Error):
            return sum(psutil.Process(m.pid).memory_info().rss for m in self.members) / 2**20
        return 0.0

    def handles(self):
        """Open files and sockets of all workers."""
        with contextlib.suppress(psutil.Error):
            return sum(psutil.Process(m.pid).num_fds() for m in self.members)
        return 0

    def text(self):
        """What the workers wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stacks(self):
        """What every thread of the workers does now, at the end of their last words."""
        for member in list(self.members):
            self.kill(member, signal.SIGUSR1)
        time.sleep(1.0)
        return self.text()[-6_000:]

    def last_words(self):
        return self.text()[-1_500:]

    def _keep(self):
        while not self._closed.wait(_POLL_S):
            with self._lock:
                gone = [member for member in self.members if member.exit_code is not None]
                # Told before the lock is given back: `dismiss` forgets what it has seen end, and
                # would find nothing yet of one who is counted a moment later.
                self.fell += [
                    (member.exit_code, self.last_words())
                    for member in gone
                    if member.pid not in self._ordered and not self._was_trapped(member)
                ]
            if not gone:
                continue
            time.sleep(_PAUSE_S)
            with self._lock:
                self.members = [member for member in self.members if member not in gone]
                self._fill()

    def _was_trapped(self, member):
        """Whether it killed itself at a named point."""
        return member.exit_code == -signal.SIGKILL and "trap: " in self.last_words()

    def _fill(self):
        with self._lock:
            while len(self.members) < self.size:
                given = self._given | (self._wants.pop(0) if self._wants else {})
                self.members.append(self._start(given, self.log))


def _wait(member, limit_s):
    end = time.monotonic() + limit_s
    while member.exit_code is None and time.monotonic() < end:
        time.sleep(0.02)
    return member.exit_code
