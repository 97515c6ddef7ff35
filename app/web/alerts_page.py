"""`/alerts`: triage, what became of an alert, and silences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.api import words
from app.api.alert_tables import groups
from app.api.alerts import AlertView, alert_view, find_alert
from app.api.context import Context, Wired
from app.web.answering import Text, answered
from app.web.choices import choices, query_of
from app.web.render import render
from contracts.alerts import Alert, Silence, Transition
from contracts.workorders import WorkOrder
from infra.reads.alert_groups import BYS
from infra.reads.alerts import alerts_named, changes_of
from infra.reads.names import names
from infra.reads.questions import Question, ask_together
from infra.reads.silences import silences_of
from infra.reads.triage import (
    PILES,
    Listed,
    Only,
    Pile,
    TriageFilter,
    pile_counts,
    piled,
    with_names,
)
from infra.workorders import ACTIVE, OrderFilter, orders_of

router = APIRouter(include_in_schema=False)
SEVERITIES = ("critical", "soon", "watch")
_PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """What the address asks for."""

    show: str
    severity: str
    depot: str
    mode: str
    profile: str
    by: str = ""

    def query(self, **other: str) -> str:
        """The address's query, some of it changed."""
        return query_of(vars(self), **other)

    @property
    def only(self) -> Only:
        """What the pile or the groups are narrowed to."""
        return Only(self.severity, self.depot, self.mode, self.profile)

    @property
    def filtered(self) -> bool:
        """Whether anything but the pile was chosen."""
        return self.only != Only()

    @property
    def exported(self) -> str:
        """The query by which an export holds what is shown; groups hold all that stand."""
        shown = {"state": "active"} if self.by else {"pile": self.show}
        return query_of(vars(self.only), **shown)


class _Named(NamedTuple):
    """Alerts with their vehicles' names; of one of them every change, oldest first, and its
    vehicle's work orders; by id those alerts that explain others.
    """

    found: list[Listed]
    changes: list[Transition]
    causes: dict[str, AlertView]
    orders: list[WorkOrder]


@router.get("/alerts")
def alerts_html(  # noqa: PLR0913 (query parameters)
    request: Request,
    context: Wired,
    *,
    show: Text = "open",
    severity: Text = "",
    depot: Text = "",
    mode: Text = "",
    profile: Text = "",
    by: Text = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
    part: Text = "",
) -> Response:
    """The alerts of one pile; `part=live` gives what changes, `part=chosen` also its address."""
    pile = show if show in PILES else "open"
    grave = severity if severity in SEVERITIES else ""
    chosen = Chosen(pile, grave, depot, mode, profile, by if by in BYS else "")

    def work() -> Response:
        live = part in {"live", "chosen"}
        shown = _shown(request, context, chosen, page, live=live)
        if live:
            answer = render(request, "_alerts_live.html", **shown)
            if part == "chosen":
                answer.headers["HX-Push-Url"] = f"/alerts?{chosen.query()}"
            return answer
        return render(request, "alerts.html", **shown)

    return answered(request, work)


@router.get("/alerts/{alert_id}")
def alert_html(request: Request, context: Wired, alert_id: str, part: Text = "") -> Response:
    """One alert with its history; `part=detail` gives what the list shows beside itself."""

    def work() -> Response:
        alert = find_alert(context, alert_id)
        shown = _told(context, _named(context, [alert], alert))
        template = "_alert.html" if part in {"detail", "live"} else "alert.html"
        return render(request, template, **shown)

    return answered(request, work)


def _shown(
    request: Request, context: Context, chosen: Chosen, page: int, *, live: bool
) -> dict[str, Any]:
    now, tenant = context.now_ms(), context.tenant
    wanted = TriageFilter(
        chosen.show,  # type: ignore[arg-type]  # one of PILES
        now,
        chosen.only,
        offset=page * _PAGE,
        limit=_PAGE + 1,
    )

    def work() -> tuple[_Named, dict[Pile, int], list[Silence]]:
        quiet = [silences_of(tenant, now)] if chosen.show == "quiet" else []
        alerts, counts, *held = ask_together(
            context.store, piled(tenant, wanted), pile_counts(tenant, now), *quiet
        )
        # Beside the list stands the first alert; what only changes leaves it as it was.
        named = _named(context, alerts, alerts[0] if alerts and not live else None)
        return named, counts, held[0] if held else []

    named, counts, silences = context.look((replace(wanted, now_ms=0), live), work)
    found = named.found
    return {
        "section": "alerts",
        "chosen": chosen,
        "piles": PILES,
        "severities": SEVERITIES,
        "counts": counts,
        "causes": named.causes,
        "found": [(one, alert_view(one.alert, one.plate)) for one in found[:_PAGE]],
        "groups": groups(context, chosen.only, chosen.by) if chosen.by in BYS else [],
        "bys": BYS,
        "page": page,
        "more": len(found) > _PAGE,
        "choices": choices(request, context),
        "silences": silences,
        "now_ms": now,
        "first": _told(context, named) if found else None,
    }


def _named(context: Context, alerts: Sequence[Alert], told: Alert | None) -> _Named:
    if not alerts:
        return _Named([], [], {}, [])
    tenant = context.tenant
    known = names(tenant, [one.vehicle_id for one in alerts])
    muting = {one.muted_by for one in alerts} - {""}
    questions: list[Question[Any]] = [alerts_named(tenant, sorted(muting))] if muting else []
    if told:
        questions += [
            changes_of(tenant, told.alert_id),
            orders_of(tenant, OrderFilter(vehicles=(told.vehicle_id,))),
        ]
    named, *more = ask_together(context.store, known, *questions)
    causes = more.pop(0) if muting else {}
    changes, orders = more or ([], [])
    return _Named(
        with_names(alerts, named),
        changes,
        {
            alert_id: alert_view(one, named.get(one.vehicle_id, ("",))[0])
            for alert_id, one in causes.items()
        },
        orders,
    )


def _order(alert: Alert, orders: Sequence[WorkOrder]) -> WorkOrder | None:
    """The work order in which the alert is done: one that still stands, else the newest that is
    done.
    """
    holding = [one for one in orders if any(job.alert_id == alert.alert_id for job in one.jobs)]
    ranks = {"done": 1, "planned": 2, "proposed": 2}
    kept = [one for one in holding if one.state in ranks]
    return max(kept, key=lambda one: (ranks[one.state], one.created_ms), default=None)


def _told(context: Context, named: _Named) -> dict[str, Any]:
    """Everything about the first alert: the work `order` that it stands in, and whether one stands
    `beside` it.
    """
    first = named.found[0]
    alert = first.alert
    return {
        "section": "alerts",
        "one": first,
        "alert": alert_view(alert, first.plate),
        "stored": alert,
        "part": getattr(words.mode_of(alert.profile, alert.mode), "part", ""),
        "changes": named.changes[::-1],
        "causes": named.causes,
        "order": _order(alert, named.orders),
        "beside": any(one.state in ACTIVE for one in named.orders),
        "now_ms": context.now_ms(),
    }
