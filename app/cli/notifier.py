"""`telltale notifier` and `telltale notify`: who is told of alerts."""

import signal
import threading
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from alerts.message import Message
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json, print_table, when
from app.notifier import FIRST_LOOK_MS, GROUP, Notifier, Outside, wall_ms
from app.profiles import load_profiles
from app.settings import Settings, load_settings
from contracts.errors import DataError, SettingsError
from contracts.topics import ALERTS
from infra.kafka import ensure_topics
from infra.notify.config import Config, load_config
from infra.notify.outbox import outbox_in
from infra.notify.send import send
from infra.offsets import begin_group
from infra.topic_reader import TopicReader

app = typer.Typer(help="Who is told of alerts.", no_args_is_help=True)


def notifier(profile_dir: ProfileDir = None) -> None:
    """Tell people of alerts until SIGTERM or Ctrl-C."""
    settings = load_settings()
    config, kafka = _config(settings), settings.broker()
    profiles = load_profiles(settings, profile_dir)
    ensure_topics(kafka)
    begin_group(kafka, GROUP, ALERTS, wall_ms() - FIRST_LOOK_MS)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    outbox = outbox_in(settings.home)
    outside = Outside(
        TopicReader(kafka, ALERTS, GROUP),
        outbox,
        partial(send, allow_internal=settings.notify.allow_internal),
        wall_ms,
        profiles,
        settings.api.public_url.rstrip("/"),
    )
    Notifier(config, outside, stop).run()
    outbox.close()


@app.command("test")
def send_test(
    target: Annotated[str, typer.Argument(help="Only this target; else all.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Send a test message, now and past all rules."""
    settings = load_settings()
    config = _config(settings)
    chosen = [one for one in config.targets if target in {"", one.name}]
    if not chosen:
        known = ", ".join(one.name for one in config.targets)
        raise DataError(f"no target {target!r}; there are {known or 'none'}")
    text = "A test of Telltale's notices. Nothing is wrong."
    message = Message("Test", text, [])
    allow = settings.notify.allow_internal
    told = {
        one.name: send(one, f"test_{uuid.uuid4().hex}", message, allow_internal=allow)
        for one in chosen
    }
    if as_json:
        print_json({name: {"answered": s.answered, "detail": s.detail} for name, s in told.items()})
    else:
        rows = [(name, "yes" if one.answered else "NO", one.detail) for name, one in told.items()]
        print_table("Test messages", ("target", "taken", "detail"), rows)
    failed = [name for name, one in told.items() if not one.answered]
    if failed:
        raise DataError(f"not taken by {', '.join(failed)}")


@app.command()
def routes(*, as_json: Json = False) -> None:
    """Check the file and show who is told of what."""
    config = _config(load_settings())
    if as_json:
        print_json({"targets": [one.name for one in config.targets], "routes": config.routes})
        return
    rows = [
        (
            one.target,
            _among(one.depots),
            _among(one.modes),
            _among(one.severities),
            one.digest or ("escalations" if one.escalation else "at once"),
            one.quiet,
        )
        for one in config.routes
    ]
    print_table("Routes", ("target", "depots", "modes", "severities", "when", "quiet"), rows)


@app.command()
def outbox(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what was sent, what is tried again, and what was given up."""
    box = outbox_in(load_settings().home)
    listed, waiting = box.listed(limit), box.waiting()
    box.close()
    if as_json:
        print_json({"waiting": waiting, "deliveries": [one._asdict() for one in listed]})
        return
    rows = [
        (one.delivery_id, one.target, when(one.made_ms), one.state, one.tries, one.detail)
        for one in listed
    ]
    print_table("Messages", ("id", "target", "made", "state", "tries", "detail"), rows)
    typer.echo(f"{waiting} changes wait for their time.")


def _config(settings: Settings) -> Config:
    if settings.notify.file is None:
        raise SettingsError(
            "nobody is set to be told; set TELLTALE_NOTIFY__FILE to a file of targets and routes "
            "(docs/alerts.md shows one)"
        )
    return load_config(settings.notify.file)


def _among(values: Sequence[str]) -> str:
    return ", ".join(values) or "all"
