"""Work orders in the store. Every version stays; of two writers of one version the first wins."""

import time
from collections.abc import Sequence
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
    argMax(start, version) AS begins
FROM work_orders FINAL WHERE tenant = %(tenant)s {more} GROUP BY order_id
"""


class OverwrittenError(DataError):
    """Somebody else wrote this version of a work order first."""


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

    def of(
        self,
        tenant: str,
        *,
        states: Sequence[str] = (),
        vehicles: Sequence[str] = (),
        limit: int = 200,
        offset: int = 0,
    ) -> list[WorkOrder]:
        """The newest versions, the first to begin first; of these vehicles, or of all."""
        wanted = orders_of(tenant, states=states, vehicles=vehicles, limit=limit, offset=offset)
        return ask(self._store, wanted)

    def booked(self, tenant: str, depot: str, since_ms: int) -> list[tuple[int, int]]:
        """Start and minutes of what a depot's workshop has to do from then on."""
        found = self.of(tenant, states=ACTIVE, limit=10_000)
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


def orders_of(
    tenant: str,
    *,
    states: Sequence[str] = (),
    vehicles: Sequence[str] = (),
    limit: int = 200,
    offset: int = 0,
) -> Question[list[WorkOrder]]:
    """The newest versions, the first to begin first; of these vehicles, or of all."""
    more = "AND vehicle_id IN %(vehicles)s" if vehicles else ""
    where = "WHERE now IN %(states)s" if states else ""
    return Question(
        f"SELECT newest FROM ({_NEWEST.format(more=more)}) {where} "  # noqa: S608 (ours)
        "ORDER BY begins, newest LIMIT %(limit)s OFFSET %(offset)s",
        {
            "tenant": tenant,
            "vehicles": list(vehicles),
            "states": list(states),
            "limit": limit,
            "offset": offset,
        },
        lambda rows: [_decoder.decode(row[0]) for row in rows],
    )


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
