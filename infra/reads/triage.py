"""Alerts in the order in which a person works through them, with the vehicles' names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contracts.alerts import Alert
from infra.clickhouse import ClickHouse
from infra.reads.alerts import bodies
from infra.reads.asking import ASKS, CALLS, QUIET, STANDING
from infra.reads.names import Names, names_of
from infra.reads.questions import Question, ask

Pile = Literal["open", "taken", "quiet", "watch", "closed"]
PILES: tuple[Pile, ...] = ("open", "taken", "quiet", "watch", "closed")

_CONDITIONS: dict[Pile | Literal[""], str] = {
    "": "1",
    "open": ASKS,
    "taken": f"state = 'acknowledged' AND {CALLS}",
    "quiet": f"{STANDING} AND {QUIET}",
    "watch": f"{STANDING} AND severity = 'watch' AND NOT {QUIET}",
    "closed": "state = 'resolved'",
}
_RANK = "indexOf(['watch', 'soon', 'critical'], severity)"
_NEWEST = "opened DESC"
_ORDERS = {"closed": "updated DESC", "": _NEWEST}
_AFTER = """(toUnixTimestamp64Milli(opened) < %(opened)s
    OR (toUnixTimestamp64Milli(opened) = %(opened)s AND alert_id > %(alert)s))"""


@dataclass(frozen=True)
class Only:
    """What alerts are narrowed to; empty means all. `depot` is where the vehicle is registered."""

    severity: str = ""
    depot: str = ""
    mode: str = ""
    profile: str = ""
    vehicle_id: str = ""

    @property
    def conditions(self) -> list[str]:
        """As SQL, with `values` as its parameters."""
        fields = ("severity", "mode", "profile", "vehicle_id")
        found = [f"{name} = %({name})s" for name in fields if getattr(self, name)]
        if self.depot:
            found.append(
                "vehicle_id IN (SELECT vehicle_id FROM vehicles FINAL"
                " WHERE tenant = %(tenant)s AND depot = %(depot)s)"
            )
        return found

    @property
    def values(self) -> dict[str, Any]:
        """See `conditions`."""
        return dict(vars(self))


@dataclass(frozen=True)
class TriageFilter:
    """Which alerts; empty means all. `pile`: open (asks for somebody), taken (acknowledged), quiet
    (snoozed or silenced), watch (kept without asking), closed. `now_ms` is the fleet's clock.
    """

    pile: Pile | Literal[""]
    now_ms: int
    only: Only = Only()
    states: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class Listed:
    """An alert with its vehicle's plate, model and depot as registered ("" where unknown)."""

    alert: Alert
    plate: str
    model: str
    depot: str


def triage(store: ClickHouse, tenant: str, wanted: TriageFilter) -> list[Listed]:
    """The alerts of one pile: the gravest and dearest first, closed ones the newest first, those
    of all piles the newest opened first.
    """
    alerts = ask(store, piled(tenant, wanted))
    return with_names(alerts, names_of(store, tenant, [one.vehicle_id for one in alerts]))


def piled(tenant: str, wanted: TriageFilter) -> Question[list[Alert]]:
    """As `triage`, without the vehicles' names."""
    order = _ORDERS.get(wanted.pile, f"{_RANK} DESC, at_stake DESC, opened")
    return Question(_sql(_conditions(wanted), order), _given(tenant, wanted), bodies)


def newest(
    store: ClickHouse, tenant: str, wanted: TriageFilter, after: tuple[int, str] | None = None
) -> list[Alert]:
    """Those of a pile too, the newest opened first; `after` is the place of the last alert of the
    page before: (opened in Unix ms, alert).
    """
    opened_ms, alert_id = after or (0, "")
    conditions = [*_conditions(wanted), *([_AFTER] if after else [])]
    given = {**_given(tenant, wanted), "opened": opened_ms, "alert": alert_id}
    return ask(store, Question(_sql(conditions, _NEWEST), given, bodies))


def with_names(alerts: Sequence[Alert], known: Names) -> list[Listed]:
    """Alerts beside their vehicles' names."""
    return [Listed(one, *known.get(one.vehicle_id, ("", "", ""))) for one in alerts]


def pile_counts(tenant: str, now_ms: int) -> Question[dict[Pile, int]]:
    """How many alerts each pile holds; closed ones are not counted."""
    counted = [pile for pile in PILES if pile != "closed"]
    columns = ", ".join(f"countIf({_CONDITIONS[pile]}) AS n_{pile}" for pile in counted)
    return Question(
        f"SELECT {columns} FROM alerts FINAL "  # noqa: S608 (constants of ours)
        f"WHERE tenant = %(tenant)s AND {STANDING}",
        {"tenant": tenant, "now_ms": now_ms},
        lambda rows: dict(zip(counted, (int(count) for count in rows[0]), strict=True)),
    )


def _sql(conditions: Sequence[str], order: str) -> str:
    return (
        f"SELECT body FROM alerts FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608 (ours)
        f"ORDER BY {order}, alert_id LIMIT %(limit)s OFFSET %(offset)s"
    )


def _conditions(wanted: TriageFilter) -> list[str]:
    conditions = ["tenant = %(tenant)s", _CONDITIONS[wanted.pile], *wanted.only.conditions]
    if wanted.pile:
        conditions.append("state != 'pending'")
    if wanted.states:
        conditions.append("state IN %(states)s")
    return conditions


def _given(tenant: str, wanted: TriageFilter) -> dict[str, Any]:
    return {
        **wanted.only.values,
        "tenant": tenant,
        "now_ms": wanted.now_ms,
        "states": list(wanted.states),
        "limit": wanted.limit,
        "offset": wanted.offset,
    }
