"""Names and settings of the Kafka topics."""

from dataclasses import dataclass

TELEMETRY = "telemetry"
RISK = "risk"
COMMANDS = "commands"
ALERTS = "alerts"
DEAD_LETTERS = "dead-letters"

WORKER_GROUP = "telltale-worker"
"""The consumer group whose commits say how far the stream is worked off."""
PARTITIONS = 8
"""Of each topic keyed by vehicle, where nothing else is set."""
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Topic:
    """How a topic is created. Event time lives in the payload, so the broker stamps messages
    itself (LogAppendTime): with CreateTime it would delete old-dated replays by retention. Topics
    `keyed` by vehicle have the same number of partitions.
    """

    name: str
    partitions: int
    retention_ms: int
    holds: str
    keyed: bool = True

    @property
    def config(self) -> dict[str, str]:
        """Topic settings as Kafka names them."""
        return {
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": "1048588",
        }


TOPICS = (
    Topic(TELEMETRY, PARTITIONS, 7 * DAY_MS, "lists of frames and vehicle events by vehicle"),
    Topic(RISK, PARTITIONS, 7 * DAY_MS, "lists of risk updates, keyed by vehicle"),
    Topic(COMMANDS, PARTITIONS, 30 * DAY_MS, "what people do to alerts, keyed by vehicle"),
    Topic(ALERTS, PARTITIONS, 30 * DAY_MS, "every change of an alert, keyed by vehicle"),
    Topic(DEAD_LETTERS, 1, 30 * DAY_MS, "refused bytes with their reason", keyed=False),
)
