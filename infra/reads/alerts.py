"""Alerts as stored, whole (contracts/alerts.py), and what became of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.alerts import Alert, Transition
from infra.clickhouse import ClickHouse
from infra.reads.questions import Question, Rows, ask

ACTIVE = ("open", "acknowledged")
MOST_ACTIVE, MOST_PAST = 100, 50
"""So many alerts of one vehicle are told at most."""
_decoder = msgspec.json.Decoder(Alert)


def find_alerts(
    store: ClickHouse,
    tenant: str,
    *,
    states: Sequence[str] = (),
    vehicle_id: str = "",
    limit: int = 100,
) -> list[Alert]:
    """Alerts, the newest opened first."""
    conditions = ["tenant = %(tenant)s"]
    given: dict[str, Any] = {"tenant": tenant, "limit": limit}
    if states:
        conditions.append("state IN %(states)s")
        given["states"] = list(states)
    if vehicle_id:
        conditions.append("vehicle_id = %(vehicle)s")
        given["vehicle"] = vehicle_id
    rows = store.rows(
        f"SELECT body FROM alerts FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608 (ours)
        "ORDER BY opened DESC, alert_id LIMIT %(limit)s",
        **given,
    )
    return bodies(rows)


def alerts_of(tenant: str, vehicle_id: str, *, past: bool = False) -> Question[list[Alert]]:
    """The active alerts of a vehicle, the newest opened first; with its `past` the newest of the
    others follow.
    """
    return Question(
        """
        SELECT body FROM alerts FINAL WHERE tenant = %(tenant)s AND vehicle_id = %(vehicle)s
            AND (%(past)s OR state IN %(active)s)
        ORDER BY state IN %(active)s DESC, opened DESC, alert_id LIMIT %(limit)s
        """,
        {
            "tenant": tenant,
            "vehicle": vehicle_id,
            "past": int(past),
            "active": list(ACTIVE),
            "limit": MOST_ACTIVE + (MOST_PAST if past else 0),
        },
        bodies,
    )


def newest_alerts(tenant: str, vehicle_id: str) -> Question[list[Alert]]:
    """The newest opened alerts of a vehicle, of all states, the newest first."""
    return Question(
        "SELECT body FROM alerts FINAL WHERE tenant = %(tenant)s AND vehicle_id = %(vehicle)s "
        "ORDER BY opened DESC, alert_id LIMIT %(limit)s",
        {"tenant": tenant, "vehicle": vehicle_id, "limit": MOST_PAST},
        bodies,
    )


def alerts_by_id(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, Alert]:
    """The alerts of these ids that exist."""
    return ask(store, alerts_named(tenant, ids)) if ids else {}


def alerts_named(tenant: str, ids: Sequence[str]) -> Question[dict[str, Alert]]:
    """The alerts of these ids that exist."""
    return Question(
        "SELECT alert_id, body FROM alerts FINAL WHERE tenant = %(tenant)s AND alert_id IN %(ids)s",
        {"tenant": tenant, "ids": list(ids) or [""]},
        lambda rows: {alert_id: _decoder.decode(body) for alert_id, body in rows},
    )


def standing_alerts(store: ClickHouse) -> list[Alert]:
    """All active alerts of all tenants, the first opened first."""
    rows = store.rows(
        "SELECT body FROM alerts FINAL WHERE state IN %(active)s ORDER BY opened, alert_id",
        active=list(ACTIVE),
    )
    return bodies(rows)


def transitions(store: ClickHouse, tenant: str, alert_id: str) -> list[Transition]:
    """Every change of an alert, oldest first."""
    return ask(store, changes_of(tenant, alert_id))


def changes_of(tenant: str, alert_id: str) -> Question[list[Transition]]:
    """Every change of an alert, oldest first."""
    return Question(
        """
        SELECT alert_id, tenant, vehicle_id, mode, toUnixTimestamp64Milli(time) AS at, actor,
            before, after, why, version, step
        FROM alert_transitions FINAL WHERE tenant = %(tenant)s AND alert_id = %(alert)s
        ORDER BY version, time,
            indexOf(['none', 'pending', 'open', 'acknowledged', 'resolved'], before)
        """,
        {"tenant": tenant, "alert": alert_id},
        lambda rows: [Transition(*row) for row in rows],
    )


def active_versions(store: ClickHouse, tenant: str) -> dict[str, int]:
    """Version by id of every alert that a person sees as active: what a live stream compares."""
    rows = store.rows(
        "SELECT alert_id, version FROM alerts FINAL "
        "WHERE tenant = %(tenant)s AND state IN %(active)s",
        tenant=tenant,
        active=list(ACTIVE),
    )
    return dict(rows)


def bodies(rows: Rows) -> list[Alert]:
    """The alerts of rows that hold their bodies alone."""
    return [_decoder.decode(row[0]) for row in rows]
