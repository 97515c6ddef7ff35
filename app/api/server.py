"""The web application: routes, pages, problems, guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app.access.door import Door
from app.access.oidc import Oidc
from app.api import (
    admin,
    alert_tables,
    alerts,
    battery,
    cases,
    curves,
    dead_letters,
    drift,
    features,
    figures,
    findings,
    fleet,
    fleet_tables,
    fleets,
    history,
    models,
    photos,
    problems,
    reasons,
    risk,
    status,
    stream,
    telemetry,
    trainings,
    vehicles,
    workorders,
)
from app.api.conditional import Conditional
from app.api.context import Context
from app.api.description import describe
from app.api.gate import Gate, checked_form
from app.api.guard import Guard
from app.api.metrics import Measured, Metrics
from app.api.once import Once
from app.intake.intake import Intake
from app.web import pages

# `/{key:path}` takes any rest, so the routes with a suffix come before it.
_ROOMS = (
    admin,
    fleet,
    fleet_tables,
    fleets,
    figures,
    alert_tables,
    alerts,
    history,
    features,
    battery,
    risk,
    findings,
    photos,
    cases,
    reasons,
    vehicles,
    workorders,
    models,
    curves,
    drift,
    trainings,
    dead_letters,
    stream,
    status,
    telemetry,
)


def create_app(context: Context) -> FastAPI:
    """The API and the dashboard over one context."""
    metrics, hubs = Metrics(), stream.Hubs(context)
    metrics.watch_listeners(lambda: hubs.listeners)
    intake = Intake(context.settings, context.wall_ms, metrics.withheld.inc)
    oidc = Oidc(context.settings.oidc) if context.settings.oidc.issuer else None
    door = Door(lambda: context.store, context.settings.api, context.settings.tenant)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await hubs.close()
        await run_sync(intake.close)
        if oidc:
            oidc.close()
        context.close()

    app = FastAPI(
        title="Telltale",
        summary="Predictive diagnostics for vehicle fleets.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(checked_form)],
    )
    app.state.context, app.state.door, app.state.oidc = context, door, oidc
    app.state.hubs, app.state.metrics, app.state.intake = hubs, metrics, intake
    for room in _ROOMS:
        app.include_router(room.router)
    pages.mount(app)
    problems.register(app)
    describe(app)
    api = context.settings.api
    app.add_middleware(Conditional)
    app.add_middleware(Once, context=context)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Gate, context=context, door=door)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Guard, listens_on=api.host, public_url=api.public_url)
    return app
