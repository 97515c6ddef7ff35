"""Where log lines go: standard error, so that standard output holds answers only."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict

_NAMES = ("authorization", "cookie", "password", "secret", "token", "vin_key", "api-key", "api_key")
"""What names of values end with that nobody may read."""
_KEY = re.compile(r"\bttk_\w+_[\w-]+|\bwhsec_[\w+/=]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
"""An API key's text, a webhook's secret, or a user and password within an address."""
HIDDEN = "***"


def hide_secrets(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Nothing that opens anything gets into a log line, whatever it came in with."""
    return {
        key: HIDDEN if key.lower().endswith(_NAMES) else _hidden(value)
        for key, value in event.items()
    }


def _hidden(value: object) -> object:
    text = str(value)
    return _KEY.sub(HIDDEN, text) if _KEY.search(text) else value


def configure_logs(level: int = logging.INFO) -> None:
    """Structured lines on standard error, from `level` up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
