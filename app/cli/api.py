"""`telltale api`: the HTTP API and the dashboard."""

import uvicorn

from app.api.context import Context
from app.api.server import create_app
from app.settings import load_settings

_GRACE_S = 3


def api() -> None:
    """Serve the HTTP API and the dashboard until stopped."""
    settings = load_settings()
    uvicorn.run(
        create_app(Context(settings)),
        host=settings.api.host,
        port=settings.api.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        # Live streams never end by themselves.
        timeout_graceful_shutdown=_GRACE_S,
    )
