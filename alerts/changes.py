"""What a stretch of the alert log came to: all that has to be stored before it is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.alerts import Alert, Answer, Reason, Silence, Transition
from contracts.records import VehicleEvent


@dataclass(frozen=True)
class Wanted:
    """An alert whose reasons are asked for: the score at `time_ms` by `model` made it so."""

    alert_id: str
    tenant: str
    profile: str
    vehicle_id: str
    mode: str
    time_ms: int
    model: str


@dataclass(frozen=True)
class Details:
    """What the store and the model say about an alert."""

    reasons: Sequence[Reason]
    fault_codes: Sequence[str]


@dataclass
class Changes:
    """Alerts and silences in their newest version, by id; the rest in the order of events."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    silences: dict[str, Silence] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    findings: list[VehicleEvent] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.alerts or self.answers or self.silences)

    def add(self, other: "Changes") -> None:
        """What another partition came to, beside this."""
        self.alerts |= other.alerts
        self.transitions += other.transitions
        self.answers += other.answers
        self.silences |= other.silences
        self.wanted |= other.wanted
        self.findings += other.findings
