"""`telltale up`: broker, store, workers, alerter, notifier, API and chores, in one terminal."""

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from app.profiles import load_profiles
from app.settings import Settings, load_settings
from app.supervisor import Chore, Service, Supervisor
from contracts.errors import SettingsError
from infra.broker import EmbeddedBroker
from infra.child import Child
from infra.kafka import ensure_topics
from infra.ports import accepts, choose_port
from infra.run_files import publish
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore

PARTS = ("broker", "store", "worker", "alerter", "notifier", "api", "drift")
_START_LIMIT_S = 60
_LOOK_EVERY_S = 3_600.0
"""So often it is seen whether a look for drift is due: it may be due since before we started."""


def up(
    only: Annotated[str, typer.Option(help=f"Some of {', '.join(PARTS)}, with commas.")] = "",
) -> None:
    """Start everything and keep it running until Ctrl-C. Logs go to files under the home."""
    settings = load_settings()
    parts = chosen_parts(only)
    services = plan(settings, parts)
    console = Console(stderr=True)
    supervisor = Supervisor(services, console.print, chores(settings, parts))
    # SIGTERM ends a start that is under way just as Ctrl-C does; both stop everything in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        supervisor.start()
        where = f"; dashboard at http://{settings.api.host}:{settings.api.port}"
        has_api = any(service.name == "api" for service in services)
        console.print(f"Telltale is up{where if has_api else ''}. Ctrl-C stops it.")
        supervisor.run()
    except KeyboardInterrupt:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        supervisor.stop()
    console.print("Telltale has stopped.")


def chosen_parts(only: str) -> tuple[str, ...]:
    """The parts that `--only` names, in starting order. Raises SettingsError."""
    named = {part.strip() for part in only.split(",") if part.strip()}
    strangers = named - set(PARTS)
    if strangers:
        msg = f"--only {', '.join(sorted(strangers))}: choose from {', '.join(PARTS)}"
        raise SettingsError(msg)
    return tuple(part for part in PARTS if part in named) if named else PARTS


def plan(settings: Settings, parts: tuple[str, ...]) -> list[Service]:
    """The services behind these parts; a user's own broker or store is only prepared."""
    services: list[Service] = []
    if "broker" in parts:
        services.append(Service("broker", functools.partial(_start_broker, settings)))
    if "store" in parts:
        services.append(Service("store", functools.partial(_start_store, settings)))
    if "worker" in parts:
        names = [f"worker-{number}" for number in range(1, settings.worker.count + 1)]
        services += [_command(settings, name, "worker") for name in names]
    if "alerter" in parts:
        services.append(_command(settings, "alerter", "alerter"))
    if "notifier" in parts and settings.notify.file:
        services.append(_command(settings, "notifier", "notifier"))
    if "api" in parts:
        choose_port(settings.api.port, 0, "the API", "TELLTALE_API__PORT")
        port = settings.api.port
        services.append(_command(settings, "api", "api", lambda: accepts(port), port))
    return services


def chores(settings: Settings, parts: tuple[str, ...]) -> list[Chore]:
    """What is done now and then beside these parts."""
    every_s = min(_LOOK_EVERY_S, 3_600 * settings.drift.every_hours)
    if "drift" not in parts or not every_s:
        return []
    return [Chore("drift", every_s, lambda: _child(settings, "drift", "app.lab.watch"))]


def _start_broker(settings: Settings) -> Child | None:
    kafka = settings.kafka
    child = EmbeddedBroker(settings.home, kafka.port).start() if kafka.embedded else None
    ensure_topics(settings.broker())
    return child


def _start_store(settings: Settings) -> Child | None:
    store = settings.clickhouse
    embedded = EmbeddedStore(settings.home, store.user, store.port)
    child = embedded.start() if store.embedded else None
    ClickHouseStore(settings.store()).migrate(load_profiles(settings).values())
    return child


def _command(
    settings: Settings,
    name: str,
    command: str,
    ready: Callable[[], bool] | None = None,
    port: int = 0,
) -> Service:
    """A service that is a `telltale` command of its own, with its log in a file."""

    def start() -> Child:
        child = _child(settings, name, "app.cli.main", command)
        if ready:
            child.wait_until(ready, _START_LIMIT_S)
        publish(
            settings.home.resolve(), name, child.pid, f"{settings.api.host}:{port}" if port else ""
        )
        return child

    return Service(name, start)


def _child(settings: Settings, name: str, *module: str) -> Child:
    """A process of ours by its module and arguments, with its log in a file."""
    home = settings.home.resolve()
    line = (sys.executable, "-P", "-m", *module)
    environment = {**os.environ, "TELLTALE_HOME": str(home)}
    return Child(name, line, home / "logs" / f"{name}.log", environment)
