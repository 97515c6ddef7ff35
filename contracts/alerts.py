"""What a person is told and does: alerts, their reasons, their transitions, and commands."""

from typing import Literal

import msgspec

from contracts.risk import ModeRisk, Rul

AlertState = Literal["pending", "open", "acknowledged", "resolved"]
Severity = Literal["watch", "soon", "critical"]
Condition = Literal["risk", "signal_lost", "data_late"]
Outcome = Literal["confirmed_part", "other_part", "no_fault_found", "not_checked"]
Action = Literal[
    "acknowledge", "reopen", "assign", "comment", "snooze", "resolve", "silence", "unsilence"
]
Step = Literal[
    "pending",
    "opened",
    "raised",
    "severity",
    "muted",
    "unmuted",
    "acknowledged",
    "reopened",
    "assigned",
    "commented",
    "snoozed",
    "woken",
    "escalated",
    "resolved",
    "",
]
"""What a transition was about; "" in rows that were written before there were names."""


class Reason(msgspec.Struct, frozen=True):
    """One thing that speaks for a failure, in words and numbers.

    `text` is a whole sentence for a mechanic; `signal` the VSS path behind it ("" where it is
    not about a signal); `value` and `expected` in `unit`; `contribution` in log-odds (TreeSHAP).
    """

    text: str
    signal: str = ""
    value: float | None = None
    expected: float | None = None
    unit: str = ""
    contribution: float = 0.0


class WaitingCost(msgspec.Struct, frozen=True):
    """What waiting costs: `expected` = risk_30 x breakdown; `planned` the repair now."""

    expected: float
    planned: float
    currency: str


class Alert(msgspec.Struct, frozen=True):
    """The newest version of one alert; a row of `alerts` and a line on the dashboard.

    `alert_id` is a function of (tenant, vehicle, mode, condition, opened_ms), so that a replay
    makes the same alert again. Times are event time, Unix milliseconds, 0 = not (yet).

    `version` grows by one with every change, `touched` is the version of the last change that a
    person (`touched_by`) made. `severity` "watch" is kept without asking anybody to act;
    `raised_ms` is when it first rose above that and was not muted, `unattended_ms` since when it
    waits for somebody. `muted_by` names the silence or parent alert that keeps it quiet.
    `line` is the 30-day risk at which it opened, `clears_below` where it closes by itself.
    `order_id` is the work order for which it was acknowledged, "" where a person did it himself.
    """

    alert_id: str
    tenant: str
    profile: str
    vehicle_id: str
    mode: str
    condition: Condition
    state: AlertState
    severity: Severity
    opened_ms: int
    updated_ms: int
    resolved_ms: int
    risk: ModeRisk
    rul: Rul | None
    model: str
    reasons: list[Reason]
    fault_codes: list[str]
    checks: list[str]
    waiting: WaitingCost
    assignee: str = ""
    outcome: Outcome | Literal[""] = ""
    version: int = 0
    touched: int = 0
    touched_by: str = ""
    depot: str = ""
    raised_ms: int = 0
    unattended_ms: int = 0
    muted_by: str = ""
    snoozed_until_ms: int = 0
    escalated: int = 0
    line: float = 0.0
    clears_below: float = 0.0
    order_id: str = ""


class Transition(msgspec.Struct, frozen=True):
    """One change of an alert: who, when, from, to, why. A row of `alert_transitions`.

    `version` is the alert's after the change, `step` what the change was about.
    """

    alert_id: str
    tenant: str
    vehicle_id: str
    mode: str
    time_ms: int
    actor: str
    before: AlertState | Literal["none"]
    after: AlertState
    why: str
    version: int = 0
    step: Step = ""


class Silence(msgspec.Struct, frozen=True):
    """Keeps alerts quiet from `since_ms` to `until_ms`. A row of `silences`.

    `matchers` by field (vehicle, depot, profile, mode, severity, condition) hold a text with `*`
    for any rest; all of them have to match.
    """

    silence_id: str
    tenant: str
    matchers: dict[str, str]
    since_ms: int
    until_ms: int
    actor: str
    why: str


class AlertCommand(msgspec.Struct, frozen=True):
    """What a person asks of an alert; a message on `commands`. `command_id` makes it idempotent.

    `seen` is the alert's version that the person looked at (0: doesn't matter): a change that
    another person made since then refuses the command. `until_ms` ends a snooze or silence. A
    silence has no vehicle and no alert; it is named by its `command_id`, and "unsilence" gives
    that as `alert_id`. `order_id`: the work order for which it is acknowledged or reopened; it
    reopens only what it acknowledged and nobody has taken up since.
    """

    command_id: str
    tenant: str
    vehicle_id: str
    alert_id: str
    action: Action
    actor: str
    time_ms: int
    why: str = ""
    assignee: str = ""
    outcome: Outcome | Literal[""] = ""
    seen: int = 0
    until_ms: int = 0
    matchers: dict[str, str] = {}
    order_id: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What became of a command: done, or refused with the reason. A row of `alert_commands`."""

    command_id: str
    tenant: str
    vehicle_id: str
    alert_id: str
    action: Action
    actor: str
    time_ms: int
    done: bool
    why: str


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AlertCommand)


def encode_command(command: AlertCommand) -> bytes:
    """One `commands` message."""
    return _encoder.encode(command)


def decode_command(payload: bytes) -> AlertCommand:
    """The command of one `commands` message. Raises msgspec.DecodeError."""
    return _decoder.decode(payload)
