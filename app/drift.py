"""Looks at how a champion is used, week by week, and tells data scientists where it has drifted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from alerts.message import Message
from app.settings import Settings
from contracts.errors import DataError
from features.profile import Profile
from features.vector import feature_specs
from infra.notify.config import load_config
from infra.notify.send import Sent, send
from infra.reads.drift import Use, matured_rows, missing_shares, read_week
from infra.store import ClickHouseStore
from models.bundle import ALERT_DAYS, Bundle
from models.drift import Measure, calibration, missing, stability
from models.drift_words import told
from models.judging import judge_scored
from models.record import TrainingRecord
from models.reference import WEEK_MS, Reference, week_of
from models.table import DAY_MS, Progress, no_progress

AGEING = frozenset({"age", "use", "firmware"})
"""Kinds of features that only ever grow."""
SHOWN = 8
"""So many are named in a message."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A champion that is looked at: its bundle, how it was trained, whose history."""

    profile: Profile
    bundle: Bundle
    record: TrainingRecord
    tenant: str

    @property
    def reference(self) -> Reference:
        """What it was trained on. Raises DataError where that was not kept."""
        if self.bundle.reference is None:
            raise DataError(
                f"model {self.bundle.id} keeps nothing of what it was trained on; train it again "
                f"with `telltale train --profile {self.profile.name}`"
            )
        return self.bundle.reference

    @property
    def use(self) -> Use:
        """What is asked of the store."""
        bundle = self.bundle
        return Use(self.tenant, self.profile.name, bundle.id, bundle.feature_names)


def look(
    store: ClickHouseStore,
    subject: Subject,
    weeks: int,
    progress: Progress = no_progress,
) -> list[Measure]:
    """Everything that is measured of the newest weeks since training. Raises DataError where
    nothing came since.
    """
    reference = subject.reference
    until = store.span(subject.tenant, subject.profile.name)[1]
    since = subject.record.until_ms
    if until <= since:
        raise DataError(
            f"nothing of {subject.profile.name} came since {subject.bundle.id} was trained; let "
            "data stream first"
        )
    mondays = _mondays(since, until)[-weeks:]
    names = subject.bundle.feature_names
    specs = zip(names, feature_specs(subject.profile), strict=True)
    ageing = frozenset(name for name, spec in specs if spec.kind in AGEING)
    before = _missing(store, subject, subject.record.since_ms, since)
    found: list[Measure] = []
    for place, monday in enumerate(mondays):
        week = read_week(store.clickhouse, subject.use, monday, (since, until))
        found += stability(reference, names, week, ageing)
        now = _missing(store, subject, max(monday, since), min(monday + WEEK_MS, until))
        found += missing(monday, now, before)
        progress("weeks", (place + 1) / len(mondays))
    if not any(one.kind == "feature" for one in found):
        raise DataError(
            f"no row of {subject.profile.name} has the features of {subject.bundle.id} since it "
            "was trained; are the workers running?"
        )
    return found + _calibration(store, subject, (since, until), mondays[-1])


def tell(settings: Settings, subject: Subject, found: Sequence[Measure]) -> dict[str, Sent]:
    """Send what has drifted to the targets that the notifier's file names as `lab`."""
    if settings.notify.file is None or not found:
        return {}
    config = load_config(settings.notify.file)
    lines = [f"- {told(subject.profile, one)}" for one in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"And {len(found) - SHOWN} more; `telltale drift` shows all.")
    title = f"Drift: {subject.bundle.id}, {len(found)} figures"
    message = Message(title, "\n".join(lines), [], "model.drifted")
    identity = f"drift_{hashlib.sha256(repr((title, lines)).encode()).hexdigest()[:24]}"
    deliver = partial(send, allow_internal=settings.notify.allow_internal)
    targets = [one for one in config.targets if one.name in config.lab]
    return {one.name: deliver(one, identity, message) for one in targets}


def _calibration(
    store: ClickHouseStore, subject: Subject, span: tuple[int, int], monday: int
) -> list[Measure]:
    """Of rows whose 30 days are over."""
    since, until = span
    scored = matured_rows(store.clickhouse, subject.use, since, until - ALERT_DAYS * DAY_MS)
    if not len(scored):
        return []
    judged = judge_scored(store, subject.profile, scored, subject.tenant, until)
    measures = [calibration(monday, one) for one in judged]
    return [one for one in measures if one is not None]


def _missing(
    store: ClickHouseStore, subject: Subject, since_ms: int, until_ms: int
) -> dict[str, float]:
    """Share of frames without each signal, by its path; empty where no frame is kept."""
    profile = subject.profile
    shares = missing_shares(store.clickhouse, subject.tenant, profile.name, since_ms, until_ms)
    return {one.path: share for one, share in zip(profile.signals, shares, strict=False)}


def _mondays(since_ms: int, until_ms: int) -> list[int]:
    first, last = week_of(np.array([since_ms, until_ms - 1])).tolist()
    return list(range(first, last + 1, WEEK_MS))
