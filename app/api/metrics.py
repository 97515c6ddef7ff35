"""Counts and durations of requests, for Prometheus."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The API's own figures; a registry of its own, so that two apps share a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter(
            "telltale_http_requests", "Requests answered.", labels, registry=self.registry
        )
        self.seconds = Histogram(
            "telltale_http_request_seconds",
            "Time to the first byte.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )

        self.withheld = Counter(
            "telltale_intake_withheld",
            "Refused records without a dead letter.",
            registry=self.registry,
        )

    def watch_listeners(self, count: Callable[[], int]) -> None:
        """Show how many clients listen to the live stream."""
        gauge = Gauge(
            "telltale_stream_listeners", "Clients of the live stream.", registry=self.registry
        )
        gauge.set_function(count)


class Measured:
    """Counts every request by its route, never by its raw path (ids would make endless labels)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
                status = str(message["status"])
                self._metrics.requests.labels(scope["method"], route, status).inc()
            await send(message)

        await self._app(scope, receive, send_measured)
