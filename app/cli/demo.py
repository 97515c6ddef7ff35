"""`telltale demo`: the main job on a simulated fleet, from nothing to alerts on the dashboard."""

import contextlib
import signal
import sys
import time
import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.api import words
from app.cli.options import Json
from app.cli.output import print_json
from app.cli.simulate import wanted
from app.demo.plan import Plan
from app.demo.report import as_json as report_json
from app.demo.report import as_table
from app.demo.run import Demo
from app.demo.stage import Stage, demo_settings
from app.settings import load_settings
from contracts.alerts import Alert

_FLEET: Final = ["car-combustion=180", "car-electric=180", "truck-diesel=180"]
_POLL_S: Final = 0.5


def demo(  # noqa: PLR0913 (options of a command)
    *,
    fleet: Annotated[
        list[str], typer.Option("--fleet", "-f", help="PROFILE=VEHICLES; may be repeated.")
    ] = _FLEET,
    history_days: Annotated[int, typer.Option(min=200, help="Days to learn from.")] = 400,
    live_days: Annotated[int, typer.Option(min=8, help="Days streamed, ending now.")] = 42,
    minutes: Annotated[
        float, typer.Option(min=0, help="Minutes that the stream takes; 0: as fast as it goes.")
    ] = 2.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same fleet.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="End with the report.")] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train although an earlier demo's models are there.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the dashboard.")] = True,
    as_json: Json = False,
) -> None:
    """Simulate a fleet, train on its history, stream its last weeks, judge the alerts."""
    began, vehicles = time.monotonic(), wanted(fleet)
    settings = demo_settings(load_settings())
    now_ms = time.time_ns() // 1_000_000
    plan = Plan(vehicles, history_days, live_days, seed, now_ms, settings.tenant)
    console = Console(stderr=True)
    stage = Stage(settings, console.print)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    url = f"http://{settings.api.host}:{settings.api.port}"
    try:
        stage.start_backbone()
        console.print(f"The dashboard is at {url}")
        if browser and sys.stdout.isatty() and not once:
            webbrowser.open(url)
        run = Demo(settings, plan, stage, console, began)
        cards, observed = run.run(60 * minutes, _teller(console), retrain=retrain)
        if as_json:
            print_json(report_json(plan, cards, observed))
        else:
            Console().print(as_table(cards))
        if not once:
            _stay(stage, console, url, settings.home)
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stage.stop()


def _stay(stage: Stage, console: Console, url: str, home: Path) -> None:
    """Keep the dashboard up until Ctrl-C."""
    console.print(f"The dashboard stays at {url} until Ctrl-C.")
    console.print(
        f"In another shell `export TELLTALE_HOME={home}` has other commands look at this fleet.",
        soft_wrap=True,
    )
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            stage.look()
            time.sleep(_POLL_S)


def _teller(console: Console) -> Callable[[Alert], None]:
    """Prints an alert as one line."""

    def tell(alert: Alert) -> None:
        day = datetime.fromtimestamp(alert.opened_ms / 1_000, UTC)
        why = alert.reasons[0].text if alert.reasons else ""
        label = words.mode_label(alert.profile, alert.mode)
        console.print(
            f"{day:%d %b %H:%M}  [bold]{alert.severity:8}[/] {alert.vehicle_id:6} {label}: "
            f"{alert.risk.risk_30:.0%} within 30 days. {why}",
            highlight=False,
        )

    return tell
