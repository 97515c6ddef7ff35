"""All policies of the pipeline together, with what they ask of profiles and models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from alerts.budget import Budget
from alerts.contact import Contact
from alerts.escalation import Escalation
from alerts.hysteresis import Hysteresis
from alerts.rearm import Rearm
from alerts.refresh import Refresh
from alerts.severity import SeverityPolicy
from features.profile import Mode, Profile

Lines = Callable[[str, str], Mapping[str, float]]
"""The 30-day risk at which an alert opens, by mode, of (profile, model id). A model's lines never
change, so that a replay opens the same alerts.
"""


@dataclass(frozen=True)
class Policies:
    """What decides about alerts. `lines` of a model; `profiles` by name."""

    lines: Lines
    profiles: Mapping[str, Profile]
    hysteresis: Hysteresis = field(default_factory=Hysteresis)
    severity: SeverityPolicy = field(default_factory=SeverityPolicy)
    rearm: Rearm = field(default_factory=Rearm)
    contact: Contact = field(default_factory=Contact)
    budget: Budget = field(default_factory=Budget)
    escalation: Escalation = field(default_factory=Escalation)
    refresh: Refresh = field(default_factory=Refresh)

    @cached_property
    def modes(self) -> dict[str, dict[str, Mode]]:
        """Modes by profile and name."""
        return {
            name: {mode.name: mode for mode in profile.modes}
            for name, profile in self.profiles.items()
        }
