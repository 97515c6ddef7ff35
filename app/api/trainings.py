"""`/api/trainings`: start a training and watch it."""

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import Field

from app.api.context import Context, Wired
from app.api.given import Body
from app.api.problems import ProblemError, unknown
from app.lab.trainings import Training, Trainings
from app.profiles import known_profiles
from contracts.errors import DataError

router = APIRouter(prefix="/api/trainings", tags=["models"])


@dataclass(frozen=True)
class TrainingView:
    """One training. `state`: running, done or failed; `share` (0 to 1) is of `step`; Unix ms."""

    training_id: str
    profile: str
    actor: str
    state: str
    step: str
    share: float
    started_ms: int
    ended_ms: int
    model: str
    error: str


@dataclass(frozen=True)
class TrainingList:
    """The newest first."""

    trainings: list[TrainingView]


class NewTraining(Body):
    """Whose failures to learn."""

    profile: str = Field(min_length=1, max_length=100)
    actor: str = Field(default="dashboard", min_length=1, max_length=100)


@router.get("")
def trainings(context: Wired) -> TrainingList:
    """The newest first; a running one says which step it is at."""
    return TrainingList([_view(one) for one in _kept(context).list()])


@router.post("", status_code=202)
def start(context: Wired, given: NewTraining) -> TrainingView:
    """Train on the stored history. The new model is kept, and nobody is promoted."""
    if given.profile not in known_profiles():
        known = ", ".join(sorted(known_profiles()))
        detail = f"There is no profile {given.profile!r}, but {known}."
        raise unknown("profile", given.profile, detail)
    who = context.who.signs(given.actor)
    try:
        return _view(_kept(context).start(given.profile, who, context.wall_ms()))
    except DataError as error:
        raise ProblemError(409, "busy", "Not started", f"It was not started: {error}.") from None


@router.get("/{training_id}")
def training(context: Wired, training_id: str) -> TrainingView:
    """One training."""
    found = _kept(context).find(training_id)
    if found is None:
        detail = f"No training has the id {training_id!r}; GET /api/trainings lists them."
        raise ProblemError(
            404, "unknown-training", "Unknown training", detail, training=training_id
        )
    return _view(found)


def _kept(context: Context) -> Trainings:
    return Trainings(context.settings)


def _view(one: Training) -> TrainingView:
    return TrainingView(
        one.training_id,
        one.profile,
        one.actor,
        one.state,
        one.step,
        one.share,
        one.started_ms,
        one.ended_ms,
        one.model,
        one.error,
    )
