"""French of what alerts, work orders and drift say: every sentence in the code is collected, so
that a new one can't be forgotten.
"""

import ast
import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest

import alerts
from app import workshop
from app.access import door
from app.alerting import explain
from app.api import (
    acting,
    features,
    findings,
    gate,
    guard,
    history,
    once,
    problems,
    reasons,
    risk,
    trainings,
    workorders,
)
from app.web.texts import texts
from features.profile import builtin_profile
from features.vector import feature_specs
from models.drift import Measure
from models.drift_words import told

ELSEWHERE = {"message", "routing", "quiet", "rules", "glob", "reason_texts", "state", "units"}
"""Mail, the notifier's file, parts of sentences: of `alerts`, what these say isn't on a page."""
MODULES = [
    *(one for one in Path(alerts.__path__[0]).glob("*.py") if one.stem not in ELSEWHERE),
    *(Path(one.__file__) for one in (workshop, explain, acting, problems, workorders)),
    *(Path(one.__file__) for one in (door, features, findings, gate, guard, history)),
    *(Path(one.__file__) for one in (once, reasons, risk, trainings)),
]
MOMENT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
HIDDEN = {"LookupError", "Field", "Query", "APIRouter"}
"""Calls whose texts are for programmers and for readers of the API's description."""
DESCRIBING = {"It is done: the alerter answered in time", "failure mode"}
"""What is in the API's description alone, and words that only stand within sentences."""
local = texts("fr").local


def sentences(path):
    """Every text of a module with a space and a word in it, its holes filled with samples."""
    said = set(_said(ast.parse(path.read_text()))) - DESCRIBING
    return sorted(one for one in said if " " in one and _worded(one))


def _said(node):
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_filled(one) for one in node.values)
    elif not _is_silent(node):
        for child in ast.iter_child_nodes(node):
            yield from _said(child)


def _is_silent(node):
    """Docstrings, type annotations are for programmers; so are some calls."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    called = getattr(node, "func", None)
    owner = getattr(getattr(called, "value", None), "id", "")
    return getattr(called, "id", "") in HIDDEN or owner in {"_log", "router"}


def _filled(part):
    if isinstance(part, ast.Constant):
        return part.value
    spec = part.format_spec.values[0].value if part.format_spec else ""
    return MOMENT.strftime(spec) if "%B" in spec or "%A" in spec else "3"


def _worded(text):
    return any(len(word) > 2 and word.isalpha() and word.islower() for word in text.split())


@pytest.mark.parametrize("path", MODULES, ids=lambda one: one.stem)
def test_french_retells_every_sentence(path):
    assert [one for one in sentences(path) if local(one) == one] == []


def test_the_sentences_are_found():
    found = {one for path in MODULES for one in sentences(path)}
    assert {
        "the snooze is over",
        "the week's budget has room for it",
        "30-day risk stayed below 3",
        "work order 3",
        "Its last data is from 3; the highest risk then was 3 (3)",
        "Alert 3 is 3 already by 3; reload to see what happened.",
    } <= found


LOST = "Its last data is from 4 March 2026, 09:30 UTC; the highest risk then was 30% (Coolant pump)"
PERDU = (
    "Ses dernières données sont du 4 mars 2026 à 09:30 UTC ; le risque le plus haut était alors "
    "de 30\u202f% (Pompe à eau)"
)
DAY = (
    "in time for the risk (bearable until 4 March), the workshop has room, and the vehicle is used "
    "little on a Monday"
)
JOUR = (
    "à temps pour le risque (tenable jusqu'au 4 mars), l'atelier a de la place, et le véhicule "
    "sert peu le lundi"
)
AGAIN = "risk 12.0% in 7 days, 30.0% in 30; opened again, because it has become critical"
ENCORE = "risque 12,0\u202f% sous 7 jours, 30,0\u202f% sous 30 ; rouverte, car devenue critique"
LATE = "Alert a-1 is acknowledged already by Ana; reload to see what happened."
TARD = "L'alerte a-1 est déjà prise en charge, par Ana ; recharger pour voir ce qui s'est passé."


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("nothing was heard of it for 3.0 days", "rien reçu de lui depuis 3,0 jours"),
        ("explained by coolant pump", "expliquée par : pompe à eau"),
        (LOST, PERDU),
        (DAY, JOUR),
        (AGAIN, ENCORE),
        (LATE, TARD),
    ],
)
def test_french_retells_all_of_a_sentence(english, french):
    assert local(english) == french


PROFILE = builtin_profile("truck-diesel")
MODES, SIGNALS = [one.name for one in PROFILE.modes], [one.path for one in PROFILE.signals]


@pytest.mark.parametrize(
    ("kind", "subjects"),
    [
        ("feature", [one.name for one in feature_specs(PROFILE)]),
        ("score", MODES),
        ("calibration", MODES),
        ("missing", SIGNALS),
    ],
)
def test_french_retells_all_of_every_drift(kind, subjects):
    english = {"over", "risk", "mean", "of", "share", "usual", "days", "hours", "frames", "chance"}
    for subject in subjects:
        text = told(PROFILE, Measure(0, kind, subject, 1.5, 0.2, 1.2, drifted=True))
        assert english.isdisjoint(local(text).replace(",", " ").split()), text


def test_this_test_reads_the_code_that_runs():
    assert inspect.getsourcefile(workshop) in {str(one) for one in MODULES}
