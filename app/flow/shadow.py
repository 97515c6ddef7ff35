"""Feature rows to risk a second time, by the shadow beside the champion: stored, told to nobody.

Whatever a shadow does, the champion's rows are what they would be without it.
"""

from collections.abc import Mapping, Sequence

from app.flow.effects import Expected
from app.flow.score import Champion, Scored
from contracts.batches import RiskRows


class Shadows:
    """The shadow of each profile. One that fails is refused until another takes its place."""

    def __init__(self) -> None:
        self._offered: Mapping[str, Champion] = {}
        self._failed: dict[str, str] = {}

    def offer(self, shadows: Mapping[str, Champion]) -> None:
        """Use these shadows from now on."""
        self._offered = shadows

    def score(self, features: Sequence[Expected], champions: Mapping[str, Champion]) -> Scored:
        """Risk of the rows by their profile's shadow, and why there is none of some. A shadow
        without a champion, or one that is the champion, has nothing to be compared with.
        """
        scored = Scored()
        shadows = self._offered
        for item in features if shadows else ():
            profile = item.rows.profile
            shadow, champion = shadows.get(profile), champions.get(profile)
            if shadow is None or champion is None or shadow.bundle.id == champion.bundle.id:
                continue
            reason = self._failed.get(shadow.bundle.id) or _unfit(item, shadow)
            if reason:
                scored.refused[profile] = reason
                continue
            try:
                risk = _checked(shadow.bundle.score(item.rows), len(item.rows))
            except Exception as error:  # noqa: BLE001 (whatever a shadow does, the stream goes on)
                reason = f"shadow {shadow.bundle.id} of {profile} can't score ({error!r})"
                self._failed[shadow.bundle.id] = scored.refused[profile] = reason
                continue
            if risk.modes:
                scored.risk.append(risk)
        return scored


def _unfit(item: Expected, shadow: Champion) -> str:
    name = f"shadow {shadow.bundle.id} of {item.rows.profile}"
    if shadow.expectation.id != item.expectation_id:
        return (
            f"{name} was trained with expectation {shadow.expectation.id}, the champion's state is "
            f"made with {item.expectation_id}; train it without --fresh-expectation"
        )
    if tuple(shadow.bundle.feature_names) != tuple(item.rows.names):
        return f"{name} takes other features; train it again"
    return ""


def _checked(risk: RiskRows, rows: int) -> RiskRows:
    """Raises ValueError for what the store could not take."""
    wanted = (rows, len(risk.modes), 3)
    if risk.risk.shape != wanted:
        raise ValueError(f"risk of shape {risk.risk.shape}, not {wanted}")
    return risk
