"""The web application: routes, pages, problems, guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app.api import (
    alerts,
    figures,
    findings,
    fleet,
    history,
    problems,
    risk,
    status,
    stream,
    vehicles,
)
from app.api.context import Context
from app.api.guard import Guard
from app.api.metrics import Measured, Metrics
from app.web import pages


def create_app(context: Context) -> FastAPI:
    """The API and the dashboard over one context."""
    metrics, hub = Metrics(), stream.Hub(context)
    metrics.watch_listeners(lambda: hub.listeners)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await hub.close()
        context.close()

    app = FastAPI(
        title="Telltale",
        summary="Predictive diagnostics for vehicle fleets.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context, app.state.hub, app.state.metrics = context, hub, metrics
    # `/{key:path}` takes any rest, so the routes with a suffix come before it.
    for room in (fleet, figures, alerts, history, risk, findings, vehicles, stream, status):
        app.include_router(room.router)
    pages.mount(app)
    problems.register(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Guard, listens_on=context.settings.api.host)
    return app
