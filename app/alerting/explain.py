"""What store and model say about an alert: reasons in words, fault codes seen lately."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from alerts.changes import Details, Wanted
from alerts.reasons import Evidence, reasons, unknown
from app.alerting.models import Models
from contracts.alerts import Reason
from contracts.batches import Floats
from features.expectation import Expectation
from features.profile import Profile
from features.vector import feature_specs
from infra.clickhouse import ClickHouse
from infra.reads import evidence as stored

CODE_DAYS: Final = 45
_DAY_MS: Final = 86_400_000


class Explain:
    """Asks the store for a score's features and the model that made it for contributions. What
    can't be had is said; nothing is made up.
    """

    def __init__(self, store: ClickHouse, models: Models, profiles: Mapping[str, Profile]) -> None:
        self._store, self._models, self._profiles = store, models, profiles

    def __call__(self, wanted: Wanted) -> Details:
        """Details of one alert. Raises UnavailableError when the store is away."""
        store = self._store
        profile = self._profiles.get(wanted.profile)
        if profile is None:
            return Details(unknown(f"the profile {wanted.profile} isn't loaded"), ())
        vehicle = (wanted.tenant, wanted.profile, wanted.vehicle_id)
        if not wanted.mode:
            return Details(self._last_words(store, profile, wanted), ())
        since = wanted.time_ms - CODE_DAYS * _DAY_MS
        codes = stored.fault_codes_between(store, vehicle, since, wanted.time_ms)
        related = [code for code in profile.mode(wanted.mode).fault_codes if code in codes]
        return Details(self._reasons(store, profile, wanted, codes), related)

    def _reasons(
        self,
        store: ClickHouse,
        profile: Profile,
        wanted: Wanted,
        codes: Mapping[str, Sequence[int]],
    ) -> list[Reason]:
        model = self._models.find(wanted.model)
        if model is None:
            return unknown(f"the model {wanted.model} is not available")
        bundle, expectation = model
        vehicle = (wanted.tenant, wanted.profile, wanted.vehicle_id)
        row = stored.feature_row(store, vehicle, wanted.time_ms)
        specs = feature_specs(profile)
        names = tuple(spec.name for spec in specs)
        if row is None or row.names != tuple(bundle.feature_names) or row.names != names:
            return unknown("what this score was made of is not stored any more")
        contributions = bundle.contributions(wanted.mode, row.values[None, :])[0]
        measured, expected = self._lately(store, profile, wanted, expectation)
        days = {
            code: [(wanted.time_ms - at) / _DAY_MS for at in times] for code, times in codes.items()
        }
        evidence = Evidence(
            profile,
            specs,
            row.values,
            contributions[:-1],
            expectation.band,
            measured,
            expected,
            days,
        )
        return reasons(evidence)

    def _lately(
        self, store: ClickHouse, profile: Profile, wanted: Wanted, expectation: Expectation
    ) -> tuple[Floats, Floats]:
        """Mean of what was measured and of what was expected [signals] over the second half-life
        before the score: the time over which the levels that speak are weighed.
        """
        vehicle = (wanted.tenant, wanted.profile, wanted.vehicle_id)
        since = wanted.time_ms - profile.half_lives_ms[1]
        count = len(profile.signals)
        means = stored.means_between(store, vehicle, since, wanted.time_ms, count)
        nothing = np.full(count, np.nan, np.float32)
        if not len(means):
            return nothing, nothing
        expected = np.where(np.isnan(means), np.nan, expectation.expected(means))
        return _mean(means), _mean(expected)

    def _last_words(self, store: ClickHouse, profile: Profile, wanted: Wanted) -> list[Reason]:
        """What was known when the vehicle was heard last."""
        heard = datetime.fromtimestamp(wanted.time_ms / 1_000, UTC)
        when = f"{heard:%-d %B %Y, %H:%M} UTC"
        vehicle = (wanted.tenant, wanted.profile, wanted.vehicle_id)
        highest = stored.risk_at(store, vehicle, wanted.time_ms)
        if highest is None:
            return [Reason(f"Its last data is from {when}")]
        mode, risk = highest
        label = next((one.label for one in profile.modes if one.name == mode), mode)
        return [
            Reason(f"Its last data is from {when}; the highest risk then was {risk:.0%} ({label})")
        ]


def _mean(columns: Floats) -> Floats:
    known = ~np.isnan(columns)
    counts = known.sum(axis=0)
    totals = np.where(known, columns, 0).sum(axis=0)
    found: Floats = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return found
