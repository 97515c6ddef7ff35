"""Batches of the inner rooms as Arrow tables, column by column, in the tables' own columns."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.alerts import Alert, Answer, Silence, Transition
from contracts.batches import STATISTICS, FeatureRows, Floats, RiskRows, Summaries, UnusualRows
from contracts.dead_letters import DeadLetter, Withheld
from contracts.records import VehicleEvent
from infra.vins import VinSeal, last4, shown

Table = Any
"""A pyarrow.Table (pyarrow has no stubs)."""
_LATEST_MS = 10_413_791_999_000
"""The last moment that a DateTime64(3) can hold: 2299."""
_STATES = ("pending", "open", "acknowledged", "resolved")
_MAP = pa.map_(pa.string(), pa.string())


def summaries_table(batch: Summaries) -> Table:
    """Rows of `summaries`."""
    columns = keys(batch) | {"seq": pa.array(batch.seq.astype(np.uint64))}
    for index, statistic in enumerate(STATISTICS):
        columns[statistic] = lists(batch.stats[:, :, index])
    return pa.table(columns)


def events_table(events: Sequence[VehicleEvent]) -> Table:
    """Rows of `events`; of a VIN only the last four."""
    return pa.table(
        {
            "tenant": [event.tenant for event in events],
            "profile": [event.profile for event in events],
            "vehicle_id": [event.vehicle_id for event in events],
            "time": times([event.time_ms for event in events]),
            "kind": [event.kind for event in events],
            "code": [event.code for event in events],
            "detail": pa.array(
                [list(_without_vin(event.detail).items()) for event in events], _MAP
            ),
        }
    )


def _without_vin(detail: Mapping[str, str]) -> Mapping[str, str]:
    return {**detail, "vin": shown(last4(detail["vin"]))} if "vin" in detail else detail


def vehicles_table(events: Sequence[VehicleEvent], vins: VinSeal) -> Table:
    """Rows of `vehicles` from registrations; other events are left out."""
    found = [event for event in events if event.kind == "registration"]
    columns: dict[str, Any] = {
        "tenant": [event.tenant for event in found],
        "vehicle_id": [event.vehicle_id for event in found],
        "profile": [event.profile for event in found],
        "plate": [event.code for event in found],
        "time": times([event.time_ms for event in found]),
    }
    for key in ("model", "depot"):
        columns[key] = [event.detail.get(key, "") for event in found]
    numbers = [(event.tenant, event.detail.get("vin", "")) for event in found]
    columns["vin_hash"] = [vins.hashed(*number) for number in numbers]
    columns["vin_sealed"] = [vins.sealed(*number) for number in numbers]
    columns["vin_last4"] = [last4(vin) for _, vin in numbers]
    return pa.table(columns)


def vin_key_table(fingerprint: str) -> Table:
    """The row of `vin_keys`."""
    return pa.table({"name": ["first"], "fingerprint": [fingerprint]})


def names_id(names: Sequence[str]) -> str:
    """Identifies the columns of feature vectors."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def features_table(rows: FeatureRows) -> Table:
    """Rows of `features`."""
    columns = keys(rows) | {
        "trigger": list(rows.trigger),
        "names_id": pa.repeat(names_id(rows.names), len(rows)),
        "values": lists(rows.values),
    }
    return pa.table(columns)


def names_table(rows: FeatureRows) -> Table:
    """The row of `feature_names` behind feature rows."""
    return pa.table(
        {
            "names_id": [names_id(rows.names)],
            "profile": [rows.profile],
            "names": [list(rows.names)],
        }
    )


def alerts_table(alerts: Sequence[Alert]) -> Table:
    """Rows of `alerts`. A later change of an alert has a higher version, also within one ms."""
    return pa.table(
        {
            **{name: [getattr(alert, name) for alert in alerts] for name in _ALERT_COLUMNS},
            "opened": times([alert.opened_ms for alert in alerts]),
            "updated": times([alert.updated_ms for alert in alerts]),
            "risk_30": pa.array([alert.risk.risk_30 for alert in alerts], pa.float32()),
            "at_stake": [alert.waiting.expected for alert in alerts],
            "raised": times([alert.raised_ms for alert in alerts]),
            "version": pa.array([_version(alert) for alert in alerts], pa.uint64()),
            "body": [msgspec.json.encode(alert).decode() for alert in alerts],
        }
    )


def transitions_table(transitions: Sequence[Transition]) -> Table:
    """Rows of `alert_transitions`."""
    return pa.table(
        {
            **{name: [getattr(one, name) for one in transitions] for name in _TRANSITION_COLUMNS},
            "time": times([one.time_ms for one in transitions]),
            "version": pa.array([one.version for one in transitions], pa.uint64()),
        }
    )


def answers_table(answers: Sequence[Answer]) -> Table:
    """Rows of `alert_commands`."""
    return pa.table(
        {
            **{name: [getattr(one, name) for one in answers] for name in _ANSWER_COLUMNS},
            "time": times([one.time_ms for one in answers]),
        }
    )


def silences_table(silences: Sequence[Silence]) -> Table:
    """Rows of `silences`. One that was ended early outranks itself: its end comes sooner."""
    return pa.table(
        {
            **{name: [getattr(one, name) for one in silences] for name in _SILENCE_COLUMNS},
            "matchers": pa.array([list(one.matchers.items()) for one in silences], _MAP),
            "since": times([one.since_ms for one in silences]),
            "until": times([one.until_ms for one in silences]),
            "version": pa.array([_LATEST_MS - one.until_ms for one in silences], pa.uint64()),
        }
    )


def dead_letters_table(letters: Sequence[DeadLetter]) -> Table:
    """Rows of `dead_letters`."""
    return pa.table(
        {
            **{name: [getattr(one, name) for one in letters] for name in _LETTER_COLUMNS},
            "time": times([one.time_ms for one in letters]),
            "partition": pa.array([one.partition for one in letters], pa.int32()),
            "bytes": pa.array([len(one.payload) for one in letters], pa.uint64()),
        }
    )


def withheld_table(accounts: Sequence[Withheld]) -> Table:
    """Rows of `withheld_letters`."""
    counts = pa.map_(pa.string(), pa.uint64())
    offsets = pa.list_(pa.int64())
    return pa.table(
        {
            "topic": [one.topic for one in accounts],
            "partition": pa.array([one.partition for one in accounts], pa.int32()),
            "minute": times([one.minute_ms for one in accounts]),
            "count": pa.array([one.count for one in accounts], pa.uint64()),
            "bytes": pa.array([one.bytes for one in accounts], pa.uint64()),
            "reasons": pa.array([list(one.reasons.items()) for one in accounts], counts),
            "starts": pa.array([[span[0] for span in one.spans] for one in accounts], offsets),
            "ends": pa.array([[span[1] for span in one.spans] for one in accounts], offsets),
        }
    )


_ALERT_COLUMNS = (
    "tenant",
    "alert_id",
    "profile",
    "vehicle_id",
    "mode",
    "condition",
    "state",
    "severity",
    "depot",
    "assignee",
    "muted_by",
)
_TRANSITION_COLUMNS = (
    "tenant",
    "alert_id",
    "vehicle_id",
    "mode",
    "actor",
    "before",
    "after",
    "why",
    "step",
)
_ANSWER_COLUMNS = (
    "tenant",
    "command_id",
    "vehicle_id",
    "alert_id",
    "action",
    "actor",
    "done",
    "why",
)
_SILENCE_COLUMNS = ("tenant", "silence_id", "actor", "why")
_LETTER_COLUMNS = ("reason", "detail", "topic", "offset")


def _version(alert: Alert) -> int:
    """Alerts count their changes; those that were written before they did are dated."""
    return alert.version or alert.updated_ms * 10 + _STATES.index(alert.state)


def keys(rows: Summaries | FeatureRows | RiskRows | UnusualRows) -> dict[str, Any]:
    """The columns that every table of vehicles' rows begins with."""
    return {
        "tenant": list(rows.tenant),
        "profile": pa.repeat(rows.profile, len(rows)),
        "vehicle_id": list(rows.vehicle_id),
        "time": times(rows.time_ms),
    }


def times(milliseconds: npt.ArrayLike) -> Any:  # noqa: ANN401 (a pyarrow.Array)
    """Unix milliseconds as a column."""
    return pa.array(np.asarray(milliseconds, dtype=np.int64), pa.timestamp("ms", "UTC"))


def lists(values: Floats) -> Any:  # noqa: ANN401 (a pyarrow.Array)
    """Rows [n x width] as a column of lists."""
    flat = np.ascontiguousarray(values, dtype=np.float32).ravel()
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), max(1, values.shape[1]))


def matrix(column: Any, width: int) -> Floats:  # noqa: ANN401 (a pyarrow.ChunkedArray)
    """The inverse of `lists`: lists of this width as an array [n x width]."""
    rows = column.combine_chunks()
    flat = rows.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(rows), width)
