"""The dashboard: its pages' routes and files."""

from importlib.resources import files

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from app.web import (
    alerts_page,
    display,
    figures_page,
    fleet_page,
    lab_page,
    orders_page,
    sign_in_page,
    system_page,
    vehicle_page,
)


def mount(app: FastAPI) -> None:
    """Add the pages and their files."""
    for page in (
        fleet_page,
        vehicle_page,
        alerts_page,
        orders_page,
        lab_page,
        figures_page,
        system_page,
        display,
        sign_in_page,
    ):
        app.include_router(page.router)
    folder = str(files("app.web").joinpath("static"))
    app.mount("/static", StaticFiles(directory=folder), name="static")
