"""A profile: all that differs between a diesel truck, an electric car, a turbofan and a machine.

One TOML file, no code. A mistake gets a ProfileError that names file, key and what is allowed.
"""

from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from contracts.catalogue import Signal, catalogue
from contracts.errors import ProfileError
from features.durations import milliseconds as milliseconds  # noqa: PLC0414 (exported)
from features.profile_checks import complaints, with_hint


class ProfileSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal that vehicles of this profile send.

    `centre` and `scale` bring it to order one before it enters the moments. `low_limit` and
    `high_limit` bound what is healthy (time beyond them is a feature). `operating` marks the
    signals that say how the vehicle is used (speed, load, weather): the others are compared with
    what these explain.
    """

    path: str
    centre: float
    scale: float
    label: str
    operating: bool = False
    low_limit: float | None = None
    high_limit: float | None = None

    @property
    def spec(self) -> Signal:
        """The catalogue's entry."""
        return catalogue()[self.path]

    @property
    def column(self) -> str:
        """The name in features and SQL."""
        return self.spec.column


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a mechanic can look at first, with the minutes it takes."""

    text: str
    minutes: int


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a failure mode costs, in the profile's currency."""

    breakdown: float
    planned_repair: float
    unneeded_check: float


class Mode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to fail: the part, its costs, what to check first and the fault codes near it.

    `checks` stand cheapest first. `consequence` (1 nuisance to 5 danger) and probability make the
    severity.
    """

    name: str
    label: str
    part: str
    consequence: Literal[1, 2, 3, 4, 5]
    costs: Costs
    checks: list[Check]
    fault_codes: list[str] = []
    signals: list[str] = []
    parents: list[str] = []


class Battery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The traction battery: its part, and the signals of its voltage and current (paths)."""

    part: str
    voltage: str
    current: str
    cells_in_series: int


class FaultCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault code that matters to this profile, in words."""

    code: str
    text: str


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """See the module. Durations are text like "90s", "15min", "6h", "30d"."""

    name: str
    label: str
    version: int
    frame_period: str
    score_interval: str
    half_lives: list[str]
    baseline: str
    signals: list[ProfileSignal]
    modes: list[Mode]
    fault_codes: list[FaultCode] = []
    currency: str = "EUR"
    surprise: float = 6.0
    silent_after: str = "3d"
    hazard_bins: tuple[str, ...] = ("7d", "14d", "30d", "60d", "90d")
    rul_unit: str = ""
    rul_cap: float = 0.0
    battery: Battery | None = None

    @cached_property
    def frame_period_ms(self) -> int:
        """Usual length of use that one frame stands for."""
        return milliseconds(self.frame_period)

    @cached_property
    def score_interval_ms(self) -> int:
        """Event time between two scores of a vehicle."""
        return milliseconds(self.score_interval)

    @cached_property
    def half_lives_ms(self) -> tuple[int, ...]:
        """Half-lives of the decayed moments, shortest first."""
        return tuple(milliseconds(text) for text in self.half_lives)

    @cached_property
    def baseline_ms(self) -> int:
        """Length of the event time after new or a reset that makes the own baseline."""
        return milliseconds(self.baseline)

    @cached_property
    def silent_after_ms(self) -> int:
        """A vehicle without data for this long has lost its signal."""
        return milliseconds(self.silent_after)

    @cached_property
    def hazard_bins_ms(self) -> tuple[int, ...]:
        """Where each bin of the failure models' hazard ends, nearest first."""
        return tuple(milliseconds(text) for text in self.hazard_bins)

    @cached_property
    def signal_ids(self) -> tuple[int, ...]:
        """Catalogue ids in the order of `signals`."""
        return tuple(signal.spec.id for signal in self.signals)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Parts of all modes, each once, in order."""
        return tuple(dict.fromkeys(mode.part for mode in self.modes))

    @cached_property
    def code_index(self) -> dict[str, int]:
        """Position of each known fault code; others share the position after the last."""
        return {fault.code: index for index, fault in enumerate(self.fault_codes)}

    def mode(self, name: str) -> Mode:
        """The mode of this name. Raises ProfileError."""
        for mode in self.modes:
            if mode.name == name:
                return mode
        known = ", ".join(mode.name for mode in self.modes)
        msg = f"profile {self.name} has no failure mode {name!r}; it has {known}"
        raise ProfileError(msg)


def label_of(profile: Profile | None, mode: str) -> str:
    """What people call a failure mode: `scr` of a truck -> "SCR catalyst and dosing". Made of the
    name where the profile lacks it.
    """
    known = profile.modes if profile else []
    made = mode.replace("_", " ").capitalize()
    return next((one.label for one in known if one.name == mode), made)


def parse_profile(text: bytes, source: str) -> Profile:
    """A profile from TOML. Raises ProfileError naming `source`, the key and what is allowed."""
    try:
        profile = msgspec.toml.decode(text, type=Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{source}: {with_hint(error, Profile)}") from error
    except msgspec.DecodeError as error:
        raise ProfileError(f"{source}: {error}") from error
    except UnicodeDecodeError as error:
        msg = f"{source}: not UTF-8 text ({error.reason} at byte {error.start})"
        raise ProfileError(msg) from error
    except RecursionError as error:
        raise ProfileError(f"{source}: lists in lists without end; no profile has that") from error
    for complaint in complaints(profile):
        raise ProfileError(f"{source}: {complaint}")
    return profile


def load_profile(path: Path) -> Profile:
    """A profile from a user's own file. Raises ProfileError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        msg = f"{path}: can't be read ({error.strerror}); give the path of a profile's TOML file"
        raise ProfileError(msg) from error
    return parse_profile(text, str(path))


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with Telltale."""
    folder = files("features").joinpath("profiles")
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    )


def builtin_profiles() -> dict[str, "Profile"]:
    """All profiles that come with Telltale, by name."""
    return {name: builtin_profile(name) for name in profile_names()}


@cache
def builtin_profile(name: str) -> Profile:
    """A profile that comes with Telltale. Raises ProfileError for an unknown name."""
    if name not in profile_names():
        msg = f"no profile {name!r}; there are {', '.join(profile_names())}"
        raise ProfileError(msg)
    file = files("features").joinpath("profiles", f"{name}.toml")
    return parse_profile(file.read_bytes(), f"profiles/{name}.toml")
