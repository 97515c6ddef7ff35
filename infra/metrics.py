"""A worker's or alerter's figures for Prometheus, served on loopback."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Moment(NamedTuple):
    """Elapsed time, and processor time of the thread."""

    wall_s: float
    cpu_s: float


def moment() -> Moment:
    """Now, in the thread that asks."""
    return Moment(time.perf_counter(), time.thread_time())


class WorkerMetrics:
    """Counters of one process, in a registry of their own; `process` is part of their names."""

    def __init__(self, process: str = "worker") -> None:
        self.process = process
        self.registry = CollectorRegistry()
        self.messages = self._counter("messages", "Messages applied.")
        self.frames = self._counter("frames", "Frames applied.")
        self.rows = self._counter("rows", "Rows stored.", "table")
        self.refused = self._counter("refused", "Messages and records refused.", "reason")
        self.withheld = self._counter("withheld", "Refusals without a letter of their own.")
        self.skipped = self._counter("skipped", "Messages seen again after a restart.")
        self.lost = self._counter("lost_messages", "Messages that the log lost before us.")
        self.outages = self._counter("outages", "Times that store or broker went away.", "what")
        self.snapshots = self._counter("snapshots", "Snapshots written.")
        self.lag = Gauge(
            f"telltale_{process}_lag",
            "Messages not applied yet.",
            ("partition",),
            registry=self.registry,
        )
        self.seconds = Histogram(
            f"telltale_{process}_step_seconds",
            "Time of a batch by step.",
            ("step",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.cpu = self._counter("step_cpu_seconds", "Processor time by step.", "step")

    def spent(self, step: str, since: Moment) -> Moment:
        """Count what passed since in the thread that asks; the moment now."""
        now = moment()
        self.seconds.labels(step).observe(now.wall_s - since.wall_s)
        self.cpu.labels(step).inc(now.cpu_s - since.cpu_s)
        return now

    def serve(self, port: int) -> tuple[int, Callable[[], None]]:
        """Serve on 127.0.0.1 (port 0 takes a free one); the port, and how to stop."""
        server: Any
        server, thread = start_http_server(port, "127.0.0.1", self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return int(server.server_port), stop

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"telltale_{self.process}_{name}", text, labels, registry=self.registry)
