"""Results into ClickHouse and history out of it (contracts/ports.py: ResultStore, History)."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow.compute as pc

from contracts.alerts import Alert, Answer, Silence, Transition
from contracts.batches import (
    STATISTICS,
    FeatureRows,
    Floats,
    Ints,
    RiskRows,
    Summaries,
    UnusualRows,
)
from contracts.dead_letters import DeadLetter, Withheld
from contracts.errors import DataError, SettingsError
from contracts.records import VehicleEvent
from features.profile import Profile
from infra import arrow_rows, risk_rows
from infra.clickhouse import ClickHouse
from infra.connections import ClickHouseConnection
from infra.migrate import migrate

_SPAN = (
    "tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id IN %(vehicles)s "
    "AND time >= fromUnixTimestamp64Milli(%(since)s) "
    "AND time < fromUnixTimestamp64Milli(%(until)s)"
)
_EARLIEST_MS = -2_208_988_800_000
_LATEST_MS = 10_413_791_999_000
"""What DateTime64(3) can hold: 1900 to 2299."""


class ClickHouseStore:
    """A ResultStore and a History. Writes return once every row is acknowledged."""

    def __init__(self, connection: ClickHouseConnection, patience_s: float = 10.0) -> None:
        self.clickhouse = ClickHouse(connection, patience_s)
        self._named: set[str] = set()
        self._key_checked = False

    def migrate(self, profiles: Iterable[Profile] | None = None) -> list[str]:
        """Bring tables and the views of these profiles (None: the built-in ones) up to date; names
        of the migrations that were applied.
        """
        return migrate(self.clickhouse, profiles)

    def write_summaries(self, batch: Summaries) -> None:
        """Rows of `summaries`."""
        if len(batch):
            self.clickhouse.insert("summaries", arrow_rows.summaries_table(batch))

    def write_events(self, events: Sequence[VehicleEvent]) -> None:
        """Rows of `events`; registrations also go into `vehicles`."""
        if events:
            self.clickhouse.insert("events", arrow_rows.events_table(events))
            self._check_key(events)
            vehicles = arrow_rows.vehicles_table(events, self.clickhouse.vins)
            self.clickhouse.insert("vehicles", vehicles)

    def _check_key(self, events: Sequence[VehicleEvent]) -> None:
        """The first VIN that is written decides by which secret all of them are sealed."""
        own = self.clickhouse.vins.fingerprint
        if self._key_checked or not own or not any("vin" in event.detail for event in events):
            return
        known = self.clickhouse.rows("SELECT fingerprint FROM vin_keys FINAL")
        if not known:
            self.clickhouse.insert("vin_keys", arrow_rows.vin_key_table(own))
        elif known[0][0] != own:
            raise SettingsError(
                "the VINs of this store are sealed with another secret; set "
                "TELLTALE_CLICKHOUSE__VIN_KEY to that one (the file vin-key in the home of the "
                "machine that wrote the first)"
            )
        self._key_checked = True

    def write_features(self, rows: FeatureRows) -> None:
        """Rows of `features`, and of `feature_names` when these columns are new here."""
        if not len(rows):
            return
        identity = arrow_rows.names_id(rows.names)
        if identity not in self._named:
            self.clickhouse.insert("feature_names", arrow_rows.names_table(rows))
            self._named.add(identity)
        self.clickhouse.insert("features", arrow_rows.features_table(rows))

    def write_risk(self, rows: RiskRows) -> None:
        """Rows of `risk`; the store itself keeps the newest of each vehicle in `current_risk`."""
        if len(rows):
            self.clickhouse.insert("risk", risk_rows.risk_table(rows))

    def write_shadow(self, rows: RiskRows) -> None:
        """Rows of `risk_shadow`."""
        if len(rows):
            self.clickhouse.insert("risk_shadow", risk_rows.risk_table(rows))

    def write_unusual(self, rows: UnusualRows) -> None:
        """Rows of `unusual`."""
        if len(rows):
            self.clickhouse.insert("unusual", risk_rows.unusual_table(rows))

    def write_alerts(self, alerts: Sequence[Alert], transitions: Sequence[Transition]) -> None:
        """Rows of `alert_transitions` and `alerts`."""
        if transitions:
            rows = arrow_rows.transitions_table(transitions)
            self.clickhouse.insert("alert_transitions", rows)
        if alerts:
            self.clickhouse.insert("alerts", arrow_rows.alerts_table(alerts))

    def write_answers(self, answers: Sequence[Answer]) -> None:
        """Rows of `alert_commands`."""
        if answers:
            self.clickhouse.insert("alert_commands", arrow_rows.answers_table(answers))

    def write_silences(self, silences: Sequence[Silence]) -> None:
        """Rows of `silences`."""
        if silences:
            self.clickhouse.insert("silences", arrow_rows.silences_table(silences))

    def write_withheld(self, accounts: Sequence[Withheld]) -> None:
        """Rows of `withheld_letters`; the account with the highest count replaces the others."""
        if accounts:
            self.clickhouse.insert("withheld_letters", arrow_rows.withheld_table(accounts))

    def withheld(self) -> list[Withheld]:
        """The newest account of every partition and minute, in order."""
        rows = self.clickhouse.rows(
            "SELECT topic, partition, toUnixTimestamp64Milli(minute), count, bytes, reasons, "
            "starts, ends FROM withheld_letters FINAL ORDER BY topic, partition, minute"
        )
        return [
            Withheld(topic, partition, minute, count, size, dict(reasons), _pairs(starts, ends))
            for topic, partition, minute, count, size, reasons, starts, ends in rows
        ]

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Rows of `dead_letters`."""
        if letters:
            self.clickhouse.insert("dead_letters", arrow_rows.dead_letters_table(letters))

    def fleets(self) -> list[tuple[str, str]]:
        """Tenant and profile of everything stored, in order."""
        rows = self.clickhouse.rows(
            "SELECT DISTINCT tenant, profile FROM ("
            "SELECT tenant, profile FROM summaries UNION ALL SELECT tenant, profile FROM events"
            ") ORDER BY tenant, profile"
        )
        return [(tenant, profile) for tenant, profile in rows]

    def vehicles(self, tenant: str, profile: str) -> list[str]:
        """Ids of all vehicles that have summaries or events, in order."""
        rows = self.clickhouse.rows(
            "SELECT DISTINCT vehicle_id FROM ("
            "SELECT vehicle_id FROM summaries WHERE tenant = %(tenant)s AND profile = %(profile)s "
            "UNION ALL "
            "SELECT vehicle_id FROM events WHERE tenant = %(tenant)s AND profile = %(profile)s"
            ") ORDER BY vehicle_id",
            tenant=tenant,
            profile=profile,
        )
        return [row[0] for row in rows]

    def span(self, tenant: str, profile: str) -> tuple[int, int]:
        """Since and until of all summaries; (0, 0) where there are none."""
        ((since, until, count),) = self.clickhouse.rows(
            "SELECT toUnixTimestamp64Milli(min(time)), toUnixTimestamp64Milli(max(time)), count() "
            "FROM summaries WHERE tenant = %(tenant)s AND profile = %(profile)s",
            tenant=tenant,
            profile=profile,
        )
        return (since, until + 1) if count else (0, 0)

    def summaries(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> Summaries:
        """Summaries of these vehicles, ordered by vehicle, time, sequence number.

        Raises DataError when rows of different profile versions have different signals.
        """
        if not vehicles:
            return _no_summaries(profile)
        table = self.clickhouse.arrow(
            f"SELECT vehicle_id, time, seq, {', '.join(STATISTICS)} "  # noqa: S608 (constants)
            f"FROM summaries FINAL WHERE {_SPAN} ORDER BY vehicle_id, time, seq",
            **_span(tenant, profile, vehicles, since, until),
        )
        if not table.num_rows:
            return _no_summaries(profile)
        means = _matrix(table, "mean", profile)
        stats = np.empty((*means.shape, len(STATISTICS)), dtype=np.float32)
        for index, statistic in enumerate(STATISTICS):
            stats[:, :, index] = _matrix(table, statistic, profile)
        return Summaries(
            profile,
            [tenant] * table.num_rows,
            table.column("vehicle_id").to_pylist(),
            _milliseconds(table),
            table.column("seq").to_numpy().astype(np.int64),
            stats,
        )

    def events(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> list[VehicleEvent]:
        """Events of these vehicles, ordered by vehicle, then time."""
        if not vehicles:
            return []
        table = self.clickhouse.arrow(
            "SELECT vehicle_id, time, kind, code, detail "  # noqa: S608 (constants)
            f"FROM events FINAL WHERE {_SPAN} ORDER BY vehicle_id, time, kind, code",
            **_span(tenant, profile, vehicles, since, until),
        )
        columns = (table.column(name).to_pylist() for name in ("vehicle_id", "kind", "code"))
        details = table.column("detail").to_pylist()
        times = _milliseconds(table).tolist()
        return [
            VehicleEvent(tenant, profile, vehicle, time, kind, code, dict(detail))
            for vehicle, kind, code, time, detail in zip(*columns, times, details, strict=True)
        ]


def _pairs(starts: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(starts, ends, strict=True))


def _span(
    tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
) -> dict[str, object]:
    return {
        "tenant": tenant,
        "profile": profile,
        "vehicles": tuple(vehicles),
        "since": max(since, _EARLIEST_MS),
        "until": min(until, _LATEST_MS),
    }


def _matrix(table: arrow_rows.Table, column: str, profile: str) -> Floats:
    lists = table.column(column)
    widths = pc.min_max(pc.list_value_length(lists)).as_py()
    if widths["min"] != widths["max"]:
        msg = (
            f"summaries of {profile} have {widths['min']} to {widths['max']} signals: the profile "
            "gained or lost some; read a span of one version"
        )
        raise DataError(msg)
    return arrow_rows.matrix(lists, widths["max"])


def _milliseconds(table: arrow_rows.Table) -> Ints:
    times: Ints = table.column("time").cast("int64").to_numpy()
    return times


def _no_summaries(profile: str) -> Summaries:
    nothing = np.empty(0, dtype=np.int64)
    empty = np.empty((0, 0, len(STATISTICS)), dtype=np.float32)
    return Summaries(profile, [], [], nothing, nothing, empty)
