"""Alerts as stored, whole (contracts/alerts.py), and what became of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.alerts import Alert, Transition
from infra.clickhouse import ClickHouse

ACTIVE = ("open", "acknowledged")
_decoder = msgspec.json.Decoder(Alert)


def find_alerts(
    store: ClickHouse,
    tenant: str,
    *,
    states: Sequence[str] = (),
    vehicle_id: str = "",
    after: tuple[int, str] | None = None,
    limit: int = 100,
) -> list[Alert]:
    """Alerts, the newest opened first; `after` is (opened, alert id) of the page before."""
    conditions = ["tenant = %(tenant)s"]
    given: dict[str, Any] = {"tenant": tenant, "limit": limit}
    if states:
        conditions.append("state IN %(states)s")
        given["states"] = list(states)
    if vehicle_id:
        conditions.append("vehicle_id = %(vehicle)s")
        given["vehicle"] = vehicle_id
    if after:
        conditions.append(
            "(toUnixTimestamp64Milli(opened) < %(opened)s"
            " OR (toUnixTimestamp64Milli(opened) = %(opened)s AND alert_id > %(alert)s))"
        )
        given |= {"opened": after[0], "alert": after[1]}
    rows = store.rows(
        f"SELECT body FROM alerts FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608 (ours)
        "ORDER BY opened DESC, alert_id LIMIT %(limit)s",
        **given,
    )
    return [_decoder.decode(row[0]) for row in rows]


def alerts_by_id(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, Alert]:
    """The alerts of these ids that exist."""
    if not ids:
        return {}
    rows = store.rows(
        "SELECT alert_id, body FROM alerts FINAL WHERE tenant = %(tenant)s AND alert_id IN %(ids)s",
        tenant=tenant,
        ids=list(ids),
    )
    return {alert_id: _decoder.decode(body) for alert_id, body in rows}


def standing_alerts(store: ClickHouse) -> list[Alert]:
    """All active alerts of all tenants, the first opened first."""
    rows = store.rows(
        "SELECT body FROM alerts FINAL WHERE state IN %(active)s ORDER BY opened, alert_id",
        active=list(ACTIVE),
    )
    return [_decoder.decode(row[0]) for row in rows]


def transitions(store: ClickHouse, tenant: str, alert_id: str) -> list[Transition]:
    """Every change of an alert, oldest first."""
    rows = store.rows(
        """
        SELECT alert_id, tenant, vehicle_id, mode, toUnixTimestamp64Milli(time), actor,
            before, after, why, version, step
        FROM alert_transitions FINAL WHERE tenant = %(tenant)s AND alert_id = %(alert)s
        ORDER BY version, time,
            indexOf(['none', 'pending', 'open', 'acknowledged', 'resolved'], before)
        """,
        tenant=tenant,
        alert=alert_id,
    )
    return [Transition(*row) for row in rows]


def active_versions(store: ClickHouse, tenant: str) -> dict[str, int]:
    """Version by id of every alert that a person sees as active: what a live stream compares."""
    rows = store.rows(
        "SELECT alert_id, version FROM alerts FINAL "
        "WHERE tenant = %(tenant)s AND state IN %(active)s",
        tenant=tenant,
        active=list(ACTIVE),
    )
    return dict(rows)
