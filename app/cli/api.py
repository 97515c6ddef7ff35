"""`telltale api`: the HTTP API and the dashboard."""

from functools import partial

import structlog
import uvicorn

from app.alerting.models import Models
from app.api.again import Again
from app.api.champions import WatchedChampions, kept_curves
from app.api.context import Context
from app.api.pulse import EVERY_S, FIRST_S, keep_reading
from app.api.server import create_app
from app.champion import POLL_S, Champions
from app.profiles import known_profiles
from app.settings import load_settings
from models.registry import Registry

_GRACE_S = 3
_log = structlog.get_logger(__name__)


def api() -> None:
    """Serve the HTTP API and the dashboard until stopped."""
    settings = load_settings()
    listens = settings.api
    if listens.auth == "open" and not listens.on_loopback:
        _log.warning(
            "whoever reaches this address is an administrator; set TELLTALE_API__AUTH=required",
            host=listens.host,
        )
    registry = Registry(settings.models_dir)
    champions = WatchedChampions(
        Champions(registry, known_profiles()), partial(kept_curves, registry)
    )
    Again("champions", champions.look, POLL_S).start()
    context = Context(settings, champions, models=Models(registry, known_profiles()))
    Again("pulse", partial(keep_reading, context), EVERY_S, FIRST_S).start()
    uvicorn.run(
        create_app(context),
        host=listens.host,
        port=listens.port,
        ssl_certfile=listens.ssl_certfile,
        ssl_keyfile=listens.ssl_keyfile,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        # Live streams never end by themselves.
        timeout_graceful_shutdown=_GRACE_S,
    )
