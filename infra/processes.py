"""The embedded broker and store of a home folder, together."""

from pathlib import Path
from types import TracebackType
from typing import Self

from infra.addresses import embedded_clickhouse, embedded_kafka
from infra.broker import EmbeddedBroker
from infra.connections import ClickHouseConnection, KafkaConnection
from infra.kafka import ensure_topics
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore


class Backbone:
    """Starts what is embedded, makes topics and tables, stops it again; a context manager.

    A broker or store of the user's own is used as it is.
    """

    def __init__(
        self, home: Path, kafka: KafkaConnection, clickhouse: ClickHouseConnection
    ) -> None:
        self._home = home
        self.kafka = kafka
        self.clickhouse = clickhouse
        self.broker = EmbeddedBroker(home, kafka.port) if kafka.embedded else None
        self.store = (
            EmbeddedStore(home, clickhouse.user, clickhouse.port) if clickhouse.embedded else None
        )

    def start(self) -> None:
        """Start and prepare. Raises UnavailableError; then nothing is left running."""
        try:
            if self.broker:
                self.broker.start()
                self.kafka = embedded_kafka(self._home, self.kafka)
            if self.store:
                self.store.start()
                self.clickhouse = embedded_clickhouse(self._home, self.clickhouse)
            ensure_topics(self.kafka)
            ClickHouseStore(self.clickhouse).migrate()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what was started here."""
        for part in (self.store, self.broker):
            if part:
                part.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
