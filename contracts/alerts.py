"""What a person is told and does: alerts, their reasons, their transitions, and commands."""

from typing import Literal

import msgspec

from contracts.risk import ModeRisk, Rul

AlertState = Literal["pending", "open", "acknowledged", "resolved"]
Severity = Literal["watch", "soon", "critical"]
Condition = Literal["risk", "signal_lost"]
Outcome = Literal["confirmed_part", "other_part", "no_fault_found", "not_checked"]


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
    makes the same alert again. Times are event time, Unix milliseconds.
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


class Transition(msgspec.Struct, frozen=True):
    """One change of an alert: who, when, from, to, why. A row of `alert_transitions`."""

    alert_id: str
    tenant: str
    vehicle_id: str
    mode: str
    time_ms: int
    actor: str
    before: AlertState | Literal["none"]
    after: AlertState
    why: str


class AlertCommand(msgspec.Struct, frozen=True):
    """What a person asks of an alert; a message on `commands`. `command_id` makes it idempotent."""

    command_id: str
    tenant: str
    vehicle_id: str
    alert_id: str
    action: Literal["acknowledge", "assign", "resolve"]
    actor: str
    time_ms: int
    why: str = ""
    assignee: str = ""
    outcome: Outcome | Literal[""] = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AlertCommand)


def encode_command(command: AlertCommand) -> bytes:
    """One `commands` message."""
    return _encoder.encode(command)


def decode_command(payload: bytes) -> AlertCommand:
    """The command of one `commands` message. Raises msgspec.DecodeError."""
    return _decoder.decode(payload)
