"""What the pages say: all of it in every language, none of it in the templates."""

import re
import string
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

import app.web
from alerts.reason_texts import signal_text, vehicle_text
from alerts.silences import FIELDS
from app.web.texts import LANGUAGES, texts
from contracts.alerts import AlertState, Condition, Outcome, Severity, Step
from contracts.dead_letters import Reason
from contracts.records import EventKind
from contracts.workorders import OrderState
from features.profile import builtin_profile, profile_names
from features.vector import FeatureSpec
from models.registry import Alias

WEB = Path(app.web.__file__).parent
TEMPLATES = sorted(WEB.joinpath("templates").glob("*.html"))
SCRIPTS = sorted(WEB.joinpath("static").glob("*.js"))
NAMES = {"Telltale", "English", "Français", "min", "d", "B", "MB", "VIN", "Aa"}
SPOKEN = {"title", "placeholder", "aria-label", "alt", "aria-description"}


def holes(text):
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, *_ in string.Formatter().parse(form) if name}


def test_every_language_says_everything():
    english = texts("en").words
    for language in LANGUAGES:
        words = texts(language).words
        assert set(words) == set(english)
        for key, text in words.items():
            assert holes(text) == holes(english[key]), key
            assert isinstance(text, dict) == isinstance(english[key], dict), key


class Spoken(HTMLParser):
    """Collects what a person reads or hears."""

    def __init__(self):
        super().__init__()
        self.said = []

    def handle_starttag(self, _tag, attributes):
        self.said += [value or "" for name, value in attributes if name in SPOKEN]

    def handle_data(self, data):
        self.said.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_words_of_their_own(path):
    text = re.sub(r"\{% block stream %\}.*?\{% endblock %\}", "", path.read_text())
    text = re.sub(r"<kbd>\w</kbd>", "", text)
    bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", text, flags=re.DOTALL)
    reader = Spoken()
    reader.feed(bare)
    words = set(re.findall(r"[^\W\d_]{1,}", " ".join(reader.said)))
    assert words <= NAMES


def test_every_text_is_used_and_every_used_text_exists():
    sources = [path.read_text() for path in (*TEMPLATES, *WEB.glob("*.py"))]
    scripts = [path.read_text() for path in SCRIPTS]
    known = set(texts("en").words)
    asked = {
        key
        for source in sources
        for key in re.findall(r"""(?:\bt|texts)\(f?["']([a-z0-9_.]+)["']\s*[,)]""", source)
    }
    asked |= {
        f"script.{key}"
        for source in scripts
        for key in re.findall(r"""\bsay\("([a-z0-9_]+)""", source)
    }
    assert asked <= known
    # Ids that are put together at run time: `t("state." ~ one.state)`, say(`mark_${kind}`).
    begun = [
        start
        for source in sources
        for start in re.findall(r"""(?:\bt|texts)\(f?["']([a-z0-9_.]+)(?:["'] ~|\{)""", source)
    ]
    begun += [
        f"script.{start}"
        for source in scripts
        for start in re.findall(r"\bsay\(`([a-z0-9_]+)\$\{", source)
    ]
    left = {key for key in known - asked if not key.startswith(tuple(begun))}
    assert left == set()


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("reason", get_args(Reason)),
        ("step", [one for one in get_args(Step) if one]),
        ("condition", get_args(Condition)),
        ("outcome", get_args(Outcome)),
        ("state", get_args(Severity)),
        ("alert.state", get_args(AlertState)),
        ("order.state", get_args(OrderState)),
        ("mark", [*get_args(EventKind), "alert_opened", "alert_resolved"]),
        ("alias", get_args(Alias)),
        ("silences", FIELDS),
    ],
)
def test_every_value_of_the_contracts_has_words(prefix, values):
    glue = "_" if prefix.endswith(".state") else "."
    wanted = {f"{prefix}{glue}{value}" for value in values} - {"mark.registration"}
    assert wanted <= set(texts("en").words)


def test_french_knows_every_name_of_every_profile():
    local = texts("fr").names
    known = {name.lower() for name in local}
    for name in profile_names():
        profile = builtin_profile(name)
        said = [profile.label, *(one.label for one in profile.signals)]
        said += [one.text for one in profile.fault_codes]
        for mode in profile.modes:
            said += [mode.label, mode.part, *(check.text for check in mode.checks)]
        assert {text for text in said if text.lower() not in known} == set(), name


TRUCK = builtin_profile("truck-diesel")
COOLANT = next(one for one in TRUCK.signals if one.label == "coolant temperature")
SPEED = next(one for one in TRUCK.signals if one.operating)


def spec(kind, subject="coolant", signal=COOLANT.path, half_life="5d"):
    return FeatureSpec(name="x", signal=signal, subject=subject, kind=kind, half_life=half_life)


@pytest.mark.parametrize(
    ("kind", "value", "numbers"),
    [
        ("mean", 2.0, (95.0, 88.0, 2.0)),
        ("missing", 0.3, (95.0, 88.0, 2.0)),
        ("over", 0.3, (95.0, 88.0, 2.0)),
        ("std", 2.0, (88.1, 88.0, 2.0)),
        ("baseline", -2.0, (88.1, 88.0, 2.0)),
        ("slope", 0.4, (88.2, 88.0, 2.0)),
        ("max", 0.4, (88.2, 88.0, 2.0)),
    ],
)
def test_french_retells_every_reason_about_a_signal(kind, value, numbers):
    pairs = [(spec(kind), value), (spec("slope", half_life="15d"), 0.3)]
    english = signal_text(COOLANT, pairs, numbers)
    french = texts("fr").local(english)
    assert french.startswith("Température du liquide de refroidissement : ")
    assert not re.search(r"\b(is|was|runs|over|days|what|above|below)\b", french)


def test_french_retells_use_codes_and_ages():
    code = TRUCK.fault_codes[0].code
    said = [
        signal_text(SPEED, [(spec("mean", signal=SPEED.path), 1.0)], (70.0, 0.0, 1.0)),
        vehicle_text(TRUCK, spec("age", "coolant pump", ""), 410.0, {}),
        vehicle_text(TRUCK, spec("use", "injectors", ""), 4100.0, {}),
        vehicle_text(TRUCK, spec("firmware", "vehicle", ""), 12.0, {}),
        vehicle_text(TRUCK, spec("count", code, ""), 2.0, {code: [3.0, 1.0]}),
        vehicle_text(TRUCK, spec("count", code, ""), 2.0, {}),
        vehicle_text(TRUCK, spec("count", "other_codes", ""), 2.0, {"P1": [1.0]}),
        vehicle_text(TRUCK, spec("activity", "vehicle", ""), 2.0, {}),
    ]
    local = texts("fr").local
    assert [one for one in said if local(one) == one] == []
    assert local(said[1]) == "Âge : 410 jours (pompe à eau)"


def test_a_sentence_nobody_translated_stays_as_it_is():
    assert texts("fr").local("Quite new words, 3.5 of them") == "Quite new words, 3.5 of them"


def test_markup_of_texts_escapes_what_is_filled_in():
    told = texts("en")("risk.none_html", kind="<b>truck</b>")
    assert "&lt;b&gt;truck" in told
    assert "<code>telltale train</code>" in told
