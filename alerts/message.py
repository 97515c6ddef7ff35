"""What a notice says, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from alerts.severity import RANK
from contracts.alerts import Alert
from contracts.notices import DriftNotice, Notice
from features.profile import Profile, label_of

_STEPS: Final = {
    "escalated": "nobody has acted on it yet",
    "woken": "its snooze is over",
    "reopened": "it is open again",
    "unmuted": "nothing keeps it quiet any more",
    "severity": "it has become critical",
    "resolved": "closed",
}
_CONDITIONS: Final = {"signal_lost": "Signal lost", "data_late": "Data late"}
_MOST: Final = 50
_FIGURES: Final = 8
"""So many that have drifted are named in a message."""


class Item(msgspec.Struct, frozen=True):
    """One alert in a message; what templates may use. Risks in percent. `vehicle` is its plate,
    the id where it has none.
    """

    alert_id: str
    vehicle: str
    depot: str
    what: str
    severity: str
    state: str
    news: str
    risk_7: int
    risk_30: int
    risk_90: int
    waiting: str
    reasons: list[str]
    checks: list[str]
    fault_codes: list[str]
    opened: str
    link: str
    vehicle_id: str


class Message(msgspec.Struct, frozen=True):
    """A title and the text behind it; `items` for those who make their own text. `event` names the
    kind of news to programs.
    """

    title: str
    body: str
    items: list[Item]
    event: str = "alert.changed"


def what_of(alert: Alert, profiles: Mapping[str, Profile]) -> str:
    """What an alert is about: the part as the pages call it, or what is wrong with its data.
    `profiles` by name.
    """
    if alert.mode:
        return label_of(profiles.get(alert.profile), alert.mode)
    return _CONDITIONS.get(alert.condition, alert.condition)


def message_of(
    notices: Sequence[Notice | DriftNotice], base_url: str, profiles: Mapping[str, Profile]
) -> Message:
    """One message of all these notices, which are of one group: alerts, or a model that drifts.
    `profiles` by name give parts their names.
    """
    drift = [one for one in notices if isinstance(one, DriftNotice)]
    if drift:
        return _drifted(drift)
    return _changed([one for one in notices if isinstance(one, Notice)], base_url, profiles)


def _drifted(notices: Sequence[DriftNotice]) -> Message:
    """The furthest beyond their limit first."""
    ordered = sorted(notices, key=lambda one: (-one.week_ms, one.place, one.subject))
    lines = [f"- {one.text}" for one in ordered[:_FIGURES]]
    if len(ordered) > _FIGURES:
        lines.append(f"And {len(ordered) - _FIGURES} more; `telltale drift` shows all.")
    figures = f"{len(ordered)} figure{'s' if len(ordered) > 1 else ''}"
    title = f"Drift: {ordered[0].model}, {figures}"
    return Message(title, "\n".join(lines), [], "model.drifted")


def _changed(notices: Sequence[Notice], base_url: str, profiles: Mapping[str, Profile]) -> Message:
    """Of each alert the newest, the most urgent first."""
    newest: dict[str, Notice] = {}
    for notice in sorted(notices, key=lambda one: one.change.version):
        newest[notice.alert.alert_id] = notice
    ordered = sorted(newest.values(), key=_urgency)
    items = [_item(one, what_of(one.alert, profiles), base_url) for one in ordered[:_MOST]]
    if len(ordered) == 1:
        title = _title(items[0])
    else:
        vehicles = len({one.alert.vehicle_id for one in ordered})
        title = f"{len(ordered)} alerts on {vehicles} vehicle{'s' if vehicles > 1 else ''}"
    rest = len(ordered) - len(items)
    parts = [_text(one) for one in items] + ([f"And {rest} more."] if rest else [])
    return Message(title, "\n\n".join(parts), items)


def _urgency(notice: Notice) -> tuple[bool, int, float, str]:
    alert = notice.alert
    done = alert.state == "resolved"
    return (done, -RANK[alert.severity], -alert.waiting.expected, alert.alert_id)


def _item(notice: Notice, what: str, base_url: str) -> Item:
    alert, step = notice.alert, notice.change.step
    cost = f"{alert.waiting.expected:,.0f} {alert.waiting.currency}" if alert.mode else ""
    opened = datetime.fromtimestamp(alert.opened_ms / 1_000, UTC)
    return Item(
        alert.alert_id,
        notice.plate or alert.vehicle_id,
        alert.depot,
        what,
        alert.severity,
        alert.state,
        _STEPS.get(step, ""),
        round(100 * alert.risk.risk_7),
        round(100 * alert.risk.risk_30),
        round(100 * alert.risk.risk_90),
        cost,
        [reason.text for reason in alert.reasons],
        list(alert.checks),
        list(alert.fault_codes),
        f"{opened:%Y-%m-%d %H:%M} UTC",
        f"{base_url}/alerts/{alert.alert_id}" if base_url else "",
        alert.vehicle_id,
    )


def _title(item: Item) -> str:
    where = f"{item.vehicle} ({item.depot})" if item.depot else item.vehicle
    head = "Closed" if item.state == "resolved" else item.severity.capitalize()
    return f"{head}: {item.what}, {where}"


def _text(item: Item) -> str:
    lines = [_title(item)]
    if item.news and item.state != "resolved":
        lines.append(f"{item.news[0].upper()}{item.news[1:]}.")
    if item.waiting and item.state != "resolved":
        lines.append(
            f"Risk of failure {item.risk_7} % in 7 days, {item.risk_30} % in 30, {item.risk_90} % "
            f"in 90; waiting is expected to cost {item.waiting}."
        )
    if item.state != "resolved":
        lines += [f"- {text}" for text in item.reasons]
        if item.checks:
            lines.append(f"Check first: {item.checks[0]}")
    return "\n".join([*lines, item.link]).rstrip()
