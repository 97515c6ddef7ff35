"""What is stored and published in the end, as the production readers give it."""

from dataclasses import dataclass, field

import numpy as np
from kafka import TopicPartition

from contracts.risk import decode_risk
from contracts.topics import PARTITIONS, RISK
from infra.clickhouse import ClickHouse
from infra.dead_letters import read_letters
from infra.kafka_clients import open_consumer
from infra.snapshots import FolderSnapshots
from infra.store import ClickHouseStore
from tests.faults.oracle import digest

_EVER = (0, 1 << 62)
_ROWS = {
    "features": ("vehicle_id, trigger", ("values",)),
    "risk": ("vehicle_id, model", ("risk_7", "risk_30", "risk_90")),
    "dead_letters": ("partition, offset, reason, detail", ("bytes",)),
}


@dataclass
class Found:
    """Rows as (key, digest), one a stored row, so that a key may be there twice. Risk and updates
    also say which model.
    """

    summaries: list = field(default_factory=list)
    events: list = field(default_factory=list)
    features: list = field(default_factory=list)
    risk: list = field(default_factory=list)
    letters: list = field(default_factory=list)
    withheld: list = field(default_factory=list)
    updates: list = field(default_factory=list)
    letters_sent: list = field(default_factory=list)
    stats: dict = field(default_factory=dict)


class _Plain(ClickHouse):
    """The mutant that reads without FINAL."""

    def arrow(self, sql, **parameters):
        return super().arrow(sql.replace(" FINAL", ""), **parameters)


def read(settings, *, final=True):
    """Everything that this installation came to."""
    store = ClickHouseStore(settings.store())
    if not final:
        store.clickhouse = _Plain(settings.store())
    found, tables = Found(), {name: _table(store.clickhouse, name) for name in _ROWS}
    _history(store, found)
    table = tables["features"]
    keys = zip(*_columns(table, "vehicle_id", "time", "trigger"), strict=True)
    found.features = list(zip(keys, _digests(table, "values"), strict=True))
    table = tables["risk"]
    keys = zip(*_columns(table, "vehicle_id", "time"), strict=True)
    found.risk = list(zip(keys, *_columns(table, "model"), _risks(table), strict=True))
    table = tables["dead_letters"]
    keys = zip(*_columns(table, "partition", "offset", "reason", "detail"), strict=True)
    found.letters = list(zip(keys, *_columns(table, "bytes"), strict=True))
    found.withheld = [((one.partition, one.minute_ms), one) for one in store.withheld()]
    found.updates = list(_updates(settings))
    found.letters_sent = [
        ((x.partition, x.offset, x.reason, x.detail), hash(x.payload))
        for _, x in read_letters(settings.broker())
    ]
    return found


def newest_snapshots(settings):
    """(next offset, payload) of the newest valid snapshot of each partition that has one."""
    snapshots = FolderSnapshots(settings.snapshots_url)
    found = {number: next(iter(snapshots.load(number)), None) for number in range(PARTITIONS)}
    return {number: one for number, one in found.items() if one}


def _table(clickhouse, name):
    keys, values = _ROWS[name]
    columns = ", ".join([keys, *values])
    return clickhouse.arrow(
        f"SELECT toUnixTimestamp64Milli(time) AS time, {columns} FROM {name} FINAL"
    )


def _columns(table, *names):
    return [table.column(name).to_pylist() for name in names]


def _matrix(table, name):
    """[rows x width]; every row of a table of ours is as wide as the others."""
    column = table.column(name).combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), -1) if len(column) else flat.reshape(0, 0)


def _digests(table, name):
    return [digest(row) for row in _matrix(table, name)]


def _history(store, found):
    """Summaries and events as training reads them."""
    for tenant, profile in store.fleets():
        vehicles = store.vehicles(tenant, profile)
        batch = store.summaries(tenant, profile, vehicles, *_EVER)
        rows = (batch.vehicle_id, batch.time_ms.tolist(), batch.seq.tolist())
        keys = list(zip(*rows, strict=True))
        found.summaries += zip(keys, map(digest, batch.stats), strict=True)
        found.stats.update(zip(keys, batch.stats, strict=True))
        for one in store.events(tenant, profile, vehicles, *_EVER):
            key = (one.vehicle_id, one.time_ms, one.kind, one.code)
            found.events.append((key, hash(tuple(sorted(one.detail.items())))))


def _risks(table):
    horizons = [_matrix(table, name) for name in ("risk_7", "risk_30", "risk_90")]
    return [digest(row) for row in np.stack(horizons, axis=2)]


def _updates(settings):
    kafka = settings.broker()
    consumer = open_consumer(kafka)
    try:
        places = [TopicPartition(kafka.topic(RISK), number) for number in range(PARTITIONS)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.seek_to_beginning(*places)
        while any(consumer.position(place) < ends[place] for place in places):
            for batch in consumer.poll(timeout_ms=500).values():
                for message in batch:
                    for one in decode_risk(message.value):
                        risk = [(m.risk_7, m.risk_30, m.risk_90) for m in one.modes]
                        found = digest(np.array(risk, np.float32))
                        yield (one.vehicle_id, one.time_ms), one.model, found
    finally:
        consumer.close()
