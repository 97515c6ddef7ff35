"""Work orders in the store. Every version stays; of two writers of one version the first wins."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from contracts.errors import DataError
from contracts.workorders import OrderState, WorkOrder
from infra.clickhouse import ClickHouse
from infra.reads.questions import Question, ask

ACTIVE: tuple[OrderState, ...] = ("proposed", "planned")
_decoder = msgspec.json.Decoder(WorkOrder)
_NEWEST = """
SELECT argMax(body, version) AS newest, argMax(state, version) AS now,
    toUnixTimestamp64Milli(argMax(start, version)) AS begins, order_id
FROM work_orders FINAL WHERE tenant = %(tenant)s {more} GROUP BY order_id
"""


class OverwrittenError(DataError):
    """Somebody else wrote this version of a work order first."""


@dataclass(frozen=True)
class OrderFilter:
    """Which work orders; empty means all. `depot` is whose workshop does them. `after` is the place
    of the last order of the page before: (start in Unix ms, order).
    """

    states: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    depot: str = ""
    after: tuple[int, str] | None = None
    limit: int = 200


class WorkOrders:
    """The work orders of all tenants."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def save(self, order: WorkOrder) -> None:
        """Write a new version. Raises OverwrittenError when somebody else has written it."""
        self._store.insert("work_orders", _table(order))
        rows = self._store.rows(
            "SELECT body FROM work_orders FINAL WHERE tenant = %(tenant)s "
            "AND order_id = %(order)s AND version = %(version)s",
            tenant=order.tenant,
            order=order.order_id,
            version=order.version,
        )
        kept = _decoder.decode(rows[0][0]) if rows else order
        if kept.edit_id != order.edit_id:
            raise OverwrittenError(f"{kept.actor} changed work order {order.order_id} meanwhile")

    def find(self, tenant: str, order_id: str) -> WorkOrder | None:
        """The newest version, None for an unknown id."""
        found = self._newest(tenant, "AND order_id = %(order)s", order=order_id)
        return found[0] if found else None

    def of(self, tenant: str, wanted: OrderFilter) -> list[WorkOrder]:
        """The newest versions, the first to begin first."""
        return ask(self._store, orders_of(tenant, wanted))

    def booked(self, tenant: str, depot: str, since_ms: int) -> list[tuple[int, int]]:
        """Start and minutes of what a depot's workshop has to do from then on."""
        found = self.of(tenant, OrderFilter(ACTIVE, limit=10_000))
        return [
            (one.start_ms, one.minutes)
            for one in found
            if one.depot == depot and one.start_ms >= since_ms
        ]

    def use(self, tenant: str, profile: str, vehicle_id: str, since_ms: int) -> dict[int, int]:
        """Frames of a vehicle by ISO weekday since then."""
        rows = self._store.rows(
            """
            SELECT toDayOfWeek(time) AS weekday, count() FROM summaries
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND time >= fromUnixTimestamp64Milli(%(since)s)
            GROUP BY weekday
            """,
            tenant=tenant,
            profile=profile,
            vehicle=vehicle_id,
            since=since_ms,
        )
        return {int(weekday): int(count) for weekday, count in rows}

    def _newest(self, tenant: str, more: str, **given: Any) -> list[WorkOrder]:  # noqa: ANN401
        rows = self._store.rows(_NEWEST.format(more=more), tenant=tenant, **given)
        return [_decoder.decode(row[0]) for row in rows]


def orders_of(tenant: str, wanted: OrderFilter) -> Question[list[WorkOrder]]:
    """The newest versions, the first to begin first."""
    start_ms, order = wanted.after or (0, "")
    more = {
        "AND vehicle_id IN %(vehicles)s": wanted.vehicles,
        "AND depot = %(depot)s": wanted.depot,
    }
    conditions = {
        "now IN %(states)s": wanted.states,
        "(begins > %(start)s OR (begins = %(start)s AND order_id > %(order)s))": wanted.after,
    }
    orders = _NEWEST.format(more=" ".join(_asked(more)))
    where = " AND ".join(["1", *_asked(conditions)])
    return Question(
        f"SELECT newest FROM ({orders}) WHERE {where} "  # noqa: S608 (ours)
        "ORDER BY begins, order_id LIMIT %(limit)s",
        {
            "tenant": tenant,
            "vehicles": list(wanted.vehicles),
            "depot": wanted.depot,
            "states": list(wanted.states),
            "start": start_ms,
            "order": order,
            "limit": wanted.limit,
        },
        lambda rows: [_decoder.decode(row[0]) for row in rows],
    )


def _asked(conditions: Mapping[str, object]) -> list[str]:
    """Those whose value was given."""
    return [sql for sql, value in conditions.items() if value]


def _table(order: WorkOrder) -> Any:  # noqa: ANN401 (a pyarrow.Table)
    def moment(milliseconds: int) -> Any:  # noqa: ANN401 (a pyarrow.Array)
        return pa.array([milliseconds], pa.timestamp("ms", "UTC"))

    return pa.table(
        {
            **{
                name: [getattr(order, name)]
                for name in ("tenant", "order_id", "vehicle_id", "depot", "state", "actor")
            },
            "version": pa.array([order.version], pa.uint64()),
            "minutes": pa.array([order.minutes], pa.uint32()),
            "start": moment(order.start_ms),
            "updated": moment(order.updated_ms),
            # The first to write has the highest claim.
            "claim": pa.array([2**63 - time.time_ns()], pa.uint64()),
            "body": [msgspec.json.encode(order).decode()],
        }
    )
