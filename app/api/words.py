"""Names, units and texts of profiles as a mechanic reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from app.profiles import known_profiles
from features.profile import Mode, Profile, ProfileSignal, label_of
from infra.reads.ranking import Policy

_OUTCOMES = {
    "confirmed_part": "this part was at fault",
    "other_part": "another part was at fault",
    "no_fault_found": "no fault found",
    "not_checked": "not checked",
}


@dataclass(frozen=True)
class FaultCodeText:
    """A fault code with its words; empty where the profile doesn't know it."""

    code: str
    text: str


@dataclass(frozen=True)
class CheckText:
    """A first check and the minutes it takes, None where unknown."""

    text: str
    minutes: int | None


def profile_of(name: str) -> Profile | None:
    """The profile of this name, None for one that we don't have."""
    return known_profiles().get(name)


def mode_of(profile: str, name: str) -> Mode | None:
    """The failure mode, None for one that the profile lacks."""
    found = profile_of(profile)
    return next((mode for mode in found.modes if mode.name == name), None) if found else None


def mode_label(profile: str, name: str) -> str:
    """`coolant_pump` -> "Coolant pump"."""
    return label_of(profile_of(profile), name)


def profile_label(name: str) -> str:
    """`truck-diesel` -> "Truck, diesel"."""
    found = profile_of(name)
    return found.label if found else name


def currency_of(profile: str) -> str:
    """The profile's currency."""
    found = profile_of(profile)
    return found.currency if found else "EUR"


def signal_of(profile: Profile, path: str) -> ProfileSignal | None:
    """The signal with this VSS path, None for one that the profile lacks."""
    return next((signal for signal in profile.signals if signal.path == path), None)


def signal_labels(profile: str) -> dict[str, str]:
    """What people call a profile's signals, by VSS path."""
    found = profile_of(profile)
    return {one.path: one.label for one in found.signals} if found else {}


def code_texts(profile: str, codes: Iterable[str]) -> list[FaultCodeText]:
    """The codes with their words."""
    found = profile_of(profile)
    texts = {fault.code: fault.text for fault in found.fault_codes} if found else {}
    return [FaultCodeText(code, texts.get(code, "")) for code in codes]


def check_texts(profile: str, mode: str, checks: Iterable[str]) -> list[CheckText]:
    """First checks with their minutes, in the order given (cheapest first)."""
    known = mode_of(profile, mode)
    minutes = {check.text: check.minutes for check in known.checks} if known else {}
    return [CheckText(text, minutes.get(text)) for text in checks]


def outcome_text(outcome: str) -> str:
    """`confirmed_part` -> "this part was at fault"."""
    return _OUTCOMES.get(outcome, outcome.replace("_", " "))


def policy(now_ms: int) -> Policy:
    """Costs and silence of all profiles, at this time of the fleet's clock."""
    costs, silent = _constants()
    return Policy(costs, silent, now_ms)


@cache
def _constants() -> tuple[dict[str, float], dict[str, int]]:
    profiles = known_profiles().values()
    costs = {
        f"{one.name}/{mode.name}": mode.costs.breakdown for one in profiles for mode in one.modes
    }
    return costs, {one.name: one.silent_after_ms for one in profiles}
