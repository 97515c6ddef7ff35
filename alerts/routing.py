"""Who is told of a change, and when: by tenant, depot, profile, mode, severity and step."""

from collections.abc import Iterable, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from alerts.glob import fits
from alerts.quiet import Digest, Quiet
from alerts.severity import RANK
from contracts.alerts import Condition, Severity, Step
from contracts.notices import DriftNotice, Notice

GROUP_WAIT_MS = 30_000
"""What happens within so many milliseconds is told in one message."""
_ASKING: frozenset[Step] = frozenset(
    {"opened", "raised", "severity", "unmuted", "woken", "reopened"}
)


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way for notices to a target. A list that is empty lets everything pass; texts may hold
    `*`. `resolved` also tells of the end.

    `escalation` n > 0: only what nobody has acted on n times. `digest`: all at once at that time,
    and then also what is only watched. `quiet` holds back what isn't critical.
    """

    target: str
    tenants: list[str] = []
    depots: list[str] = []
    profiles: list[str] = []
    modes: list[str] = []
    severities: list[Severity] = []
    conditions: list[Condition] = []
    escalation: int = 0
    resolved: bool = True
    quiet: str = ""
    digest: str = ""
    timezone: str = "UTC"
    group_by: Literal["vehicle", "depot", "mode", "alert"] = "vehicle"


class Entry(msgspec.Struct, frozen=True):
    """A notice on its way to a target: told not before `due_ms`, with all of the same `group` that
    are due by then.
    """

    notice: Notice | DriftNotice
    target: str
    group: str
    due_ms: int


def entries(notice: Notice, routes: Iterable[Route], now_ms: int) -> list[Entry]:
    """Where a notice goes, at most once a target: by the route that tells it soonest."""
    soonest: dict[str, Entry] = {}
    for route in routes:
        if not passes(notice, route):
            continue
        due_ms = _due_ms(notice, route, now_ms)
        found = soonest.get(route.target)
        if found is None or due_ms < found.due_ms:
            soonest[route.target] = Entry(notice, route.target, _group(notice, route), due_ms)
    return list(soonest.values())


def lab_entries(notices: Iterable[DriftNotice], targets: Iterable[str], now_ms: int) -> list[Entry]:
    """What data scientists are told, at once: no route of alerts has a part in it."""
    wanted = tuple(targets)
    return [
        Entry(one, target, f"/drift/{one.tenant}/{one.model}", now_ms)
        for one in notices
        for target in wanted
    ]


def passes(notice: Notice, route: Route) -> bool:
    """Whether the route is for this notice."""
    alert, step = notice.alert, notice.change.step
    if alert.muted_by and step != "resolved":
        return False
    if route.escalation:
        wanted = step == "escalated" and alert.escalated >= route.escalation
    else:
        wanted = step == "escalated" or _asks(notice, route)
        wanted = wanted or (step == "resolved" and route.resolved and bool(alert.raised_ms))
    values = (
        (alert.tenant, route.tenants),
        (alert.depot, route.depots),
        (alert.profile, route.profiles),
        (alert.mode, route.modes),
    )
    return (
        wanted
        and all(_fits(value, allowed) for value, allowed in values)
        and (not route.severities or alert.severity in route.severities)
        and (not route.conditions or alert.condition in route.conditions)
    )


def complaints(route: Route, targets: Sequence[str]) -> list[str]:
    """What is wrong with a route."""
    found = []
    if route.target not in targets:
        known = ", ".join(targets) or "none"
        found.append(f"target: {route.target!r} is not among [[targets]] ({known})")
    for name, parse in (("quiet", Quiet.parse), ("digest", Digest.parse)):
        text = getattr(route, name)
        try:
            if text:
                parse(text)
        except ValueError as error:
            found.append(f"{name}: {error}")
    try:
        ZoneInfo(route.timezone)
    except (KeyError, ValueError, OSError):
        found.append(f"timezone: {route.timezone!r} is no zone of the IANA database")
    if route.escalation < 0:
        found.append("escalation: 0 or more")
    return found


def _asks(notice: Notice, route: Route) -> bool:
    """Whether somebody is asked to act anew; what is only watched is told in digests."""
    alert, step = notice.alert, notice.change.step
    if step not in _ASKING or alert.state != "open":
        return False
    if step == "severity":
        return alert.severity == "critical"
    return bool(route.digest) or RANK[alert.severity] > 0


def _due_ms(notice: Notice, route: Route, now_ms: int) -> int:
    zone = ZoneInfo(route.timezone)
    if _is_urgent(notice):
        return now_ms
    if route.digest:
        return Digest.parse(route.digest).next_ms(now_ms, zone)
    held = Quiet.parse(route.quiet).ends_ms(now_ms, zone) if route.quiet else now_ms
    return max(held, now_ms + GROUP_WAIT_MS)


def _group(notice: Notice, route: Route) -> str:
    alert = notice.alert
    if route.digest and not _is_urgent(notice):
        return f"{alert.tenant}/digest"
    value = {
        "vehicle": alert.vehicle_id,
        "depot": alert.depot,
        "mode": alert.mode or alert.condition,
        "alert": alert.alert_id,
    }[route.group_by]
    return f"{alert.tenant}/{route.group_by}/{value}"


def _is_urgent(notice: Notice) -> bool:
    """Whether it goes out at once, past digests and quiet hours."""
    return notice.alert.severity == "critical" and notice.alert.state != "resolved"


def _fits(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or any(fits(value, one) for one in allowed)
