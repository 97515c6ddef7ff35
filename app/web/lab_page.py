"""`/lab`: models side by side, what they learnt from, decisions, trainings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.api import words
from app.api.context import Context, Wired
from app.api.curves import compare
from app.api.drift import drift
from app.api.models import ModeFigures, ModelView, models, registry_of
from app.api.problems import ProblemError
from app.api.trainings import trainings
from app.profiles import known_profiles
from app.web.answering import Text, answered
from app.web.render import render, viewer
from app.web.texts import Texts
from infra.reads import labels
from infra.reads import summary as counts
from infra.reads.names import plates_of
from infra.reads.questions import ask

router = APIRouter(include_in_schema=False)
_BESIDE = 4
_SHOWN = 12


@dataclass(frozen=True)
class Row:
    """One failure mode in the models side by side, None where a model lacks it."""

    mode: str
    label: str
    figures: list[ModeFigures | None]


@router.get("/lab")
def lab_html(
    request: Request,
    context: Wired,
    profile: Text = "",
    model: Annotated[list[str] | None, Query(max_length=_BESIDE)] = None,
    part: Text = "",
) -> Response:
    """The models of one kind of vehicle; a `part` (trainings, shadow, drift) gives only that."""

    def work() -> Response:
        if part in _PARTS:
            return _PARTS[part](request, context, profile)
        return render(
            request, "lab.html", **_shown(context, viewer(request).texts, profile, model or [])
        )

    return answered(request, work)


def _trainings(request: Request, context: Context, profile: str) -> Response:
    """Asked for again and again while one runs; at its end the whole page is shown anew."""
    newest = trainings(context).trainings[:5]
    page = render(request, "_lab_trainings.html", trainings=newest, chosen=profile)
    if not any(one.state == "running" for one in newest):
        page.headers["HX-Refresh"] = "true"
    return page


def _shadow(request: Request, context: Context, profile: str) -> Response:
    """Champion and shadow on the rows that both scored, or what is missing for that."""
    t = viewer(request).texts
    registry = registry_of(context)
    champion, shadow = registry.champion(profile), registry.shadow(profile)
    compared, why_not = None, t("shadow.nobody")
    if champion and shadow:
        try:
            compared = compare(context, champion, shadow)
        except ProblemError as error:
            why_not = t(f"shadow.{error.kind.replace('-', '_')}")
    return render(request, "_lab_shadow.html", compared=compared, why_not=why_not)


def _drift(request: Request, context: Context, profile: str) -> Response:
    """How far the fleet has moved away from what the champion was trained on."""
    champion = registry_of(context).champion(profile)
    looked = drift(context, profile).models if profile else []
    own = next((one for one in looked if one.model == champion), None)
    return render(request, "_lab_drift.html", drift=own)


_PARTS: Final[Mapping[str, Callable[[Request, Context, str], Response]]] = {
    "trainings": _trainings,
    "shadow": _shadow,
    "drift": _drift,
}


def _shown(context: Context, t: Texts, profile: str, wanted: list[str]) -> dict[str, Any]:
    everything = models(context, profile="")
    present = {one.profile for one in everything.models}
    present |= {one.profile for one in everything.left_out}
    known = ask(context.store, counts.profiles(context.tenant))
    present |= set(known)
    kinds = [name for name in known_profiles() if name in present] or list(known_profiles())
    chosen = profile if profile in kinds else kinds[0]
    found = [one for one in everything.models if one.profile == chosen]
    beside = _beside(found, wanted)
    champion = next((one for one in found if "champion" in one.aliases), None)
    since = champion.until_ms if champion else 0
    learnt = labels.newest_labels(context.store, context.tenant, chosen, _SHOWN)
    return {
        "section": "lab",
        "kinds": [(name, words.profile_label(name)) for name in kinds],
        "chosen": chosen,
        "models": found[:_SHOWN],
        "left": max(0, len(found) - _SHOWN),
        "left_out": [one for one in everything.left_out if one.profile == chosen][:_SHOWN],
        "beside": beside,
        "rows": _rows(beside),
        "curves_of": [(one.model, _short_name(t, one)) for one in beside],
        "champion": champion,
        "decisions": [one for one in everything.decisions if one.profile == chosen][:_SHOWN],
        "trainings": trainings(context).trainings[:5],
        "labels": learnt,
        "plates": plates_of(context.store, context.tenant, [one.vehicle_id for one in learnt]),
        "label_counts": labels.label_counts(context.store, context.tenant, chosen, since),
        "mode_label": lambda mode: words.mode_label(chosen, mode),
    }


def _beside(found: list[ModelView], wanted: list[str]) -> list[ModelView]:
    """The models asked for, else those with an alias and the newest."""
    asked = [one for one in found if one.model in wanted]
    if asked:
        return asked[:_BESIDE]
    named = [one for one in found if one.aliases]
    newest = [one for one in found if not one.aliases][:1]
    return [*sorted(named, key=lambda one: "champion" not in one.aliases), *newest][:_BESIDE]


def _short_name(t: Texts, one: ModelView) -> str:
    """Its first role and the end of its id."""
    role = [t(f"alias.{alias}") for alias in one.aliases if alias == "champion"] or [
        t(f"alias.{alias}") for alias in one.aliases
    ]
    return " ".join([*role[:1], one.model[-8:]])


def _rows(beside: list[ModelView]) -> list[Row]:
    labels_of = {one.mode: one.label for view in beside for one in view.modes}
    figures = [{one.mode: one for one in view.modes} for view in beside]
    return [
        Row(mode, label, [one.get(mode) for one in figures]) for mode, label in labels_of.items()
    ]
