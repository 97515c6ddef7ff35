"""What is stored against what should be: lost, doubled and wrong rows, table by table."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from app.flow.image import read_image
from app.flow.partition import Engines
from contracts.batches import STATISTICS
from features.profile import builtin_profile, profile_names
from infra.kafka import MAX_PAYLOAD_BYTES
from tests.faults.champion import PROFILE

TABLES = (
    "summaries",
    "events",
    "features",
    "risk",
    "current_risk",
    "vehicles",
    "dead_letters",
    "withheld",
    "alerts",
    "messages",
)
_TOLERANCE = 2e-5
"""Of the plain statistics in float64 against the stored float32, relative to the signal's scale."""


@dataclass(frozen=True)
class Tally:
    """Rows of one kind. A row that nobody expected is wrong."""

    expected: int = 0
    found: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0

    def __add__(self, other):
        mine, others = vars(self), vars(other)
        return Tally(**{name: mine[name] + others[name] for name in mine})

    @property
    def is_clean(self):
        return not (self.lost or self.doubled or self.wrong)


def compare(expected, found, champions):
    """Tallies by table and topic; `champions` are the models that may have scored."""

    def risk(key, content):
        model, seen = content
        return model in champions and seen == expected.risk_digest(key, model)

    def update(key, content):
        model, seen = content
        return model in champions and any(
            seen == expected.one_risk_digest(used, model) for used in expected.risk[key]
        )

    scored = [(key, (model, seen)) for key, model, seen in found.risk]
    published = [(key, (model, seen)) for key, model, seen in found.updates]
    sizes = {key: len(payload) for key, payload in expected.letters.items()}
    hashes = dict(_as_sent(*letter) for letter in expected.letters.items())
    return {
        "summaries": tally(expected.summaries, found.summaries),
        "events": tally(expected.events, found.events),
        "features": tally(expected.features, found.features),
        "risk": tally(expected.risk, scored, risk),
        "dead_letters": tally(sizes, found.letters),
        "withheld": tally(expected.withheld, found.withheld),
        # Topics are at least once: a repeat carries the same content under the same key.
        "topic risk": tally(expected.risk, published, update, repeats=True),
        "topic dead-letters": tally(hashes, found.letters_sent, repeats=True),
    }


def _as_sent(key, payload):
    """Key and hash of a letter on its topic, where an overlong one is cut and says so."""
    if len(payload) <= MAX_PAYLOAD_BYTES:
        return key, hash(payload)
    detail = f"{key[3]} (cut from {len(payload)} bytes)"
    return (*key[:3], detail), hash(payload[:MAX_PAYLOAD_BYTES])


def tally(expected, found, fits=None, *, repeats=False):
    """`found` are pairs of key and content; `fits` compares content otherwise than by equality."""
    fits = fits or (lambda key, content: expected[key] == content)
    counts = Counter(key for key, _ in found)
    known = [(key, content) for key, content in found if key in expected]
    wrong = sum(not fits(key, content) for key, content in known) + len(found) - len(known)
    doubled = 0 if repeats else sum(counts[key] - 1 for key in counts)
    lost = sum(key not in counts for key in expected)
    return Tally(len(expected), len(found), lost, doubled, wrong)


def compare_plainly(literal, found):
    """The stored summaries against the oracle that doesn't know our engine."""
    stored = Counter(key for key, _ in found.summaries)
    lost = sum(key not in stored for key in literal.frames)
    strangers = sum(key not in literal.frames for key in stored)
    if not literal.frames:
        return Tally(wrong=strangers)
    keys, told = literal.statistics()
    scale = {number: s.scale for number, s in zip(PROFILE.signal_ids, PROFILE.signals, strict=True)}
    column = {number: place for place, number in enumerate(PROFILE.signal_ids)}
    wrong = set()
    for row in told.iter_rows(named=True):
        key, signal = keys[row["frame"]], row["signal"]
        if key not in found.stats:
            continue
        plain = np.array([row[name] for name in STATISTICS])
        allowed = _TOLERANCE * (scale[signal] + np.abs(plain))
        if not (np.abs(found.stats[key][column[signal]] - plain) <= allowed).all():
            wrong.add(key)
    return Tally(len(literal.frames), len(stored), lost, 0, len(wrong) + strangers)


def compare_states(partitions, snapshots):
    """Partitions whose newest snapshot isn't the undisturbed state to the bit, at the log's end."""
    engines = Engines({name: builtin_profile(name) for name in profile_names()})
    expected = [number for number, one in partitions.items() if one.cursor.next]
    wrong = lost = 0
    for number in expected:
        if number not in snapshots:
            lost += 1
            continue
        saved = read_image(snapshots[number][1], number, engines)
        wrong += not _same_state(saved, partitions[number])
    return Tally(len(expected), len(snapshots), lost, 0, wrong)


def _same_state(one, other):
    mine, others = one.state.arrays(), other.state.arrays()
    same = one.cursor.next == other.cursor.next and mine.keys() == others.keys()
    return same and all(_same(mine[name], others[name]) for name in mine)


def _same(one, other):
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
