"""Looks at how a champion is used, week by week, and tells data scientists where it has drifted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from alerts.routing import lab_entries
from app.settings import Settings
from contracts.errors import DataError
from contracts.notices import DriftNotice
from contracts.risk import ALERT_DAYS
from features.profile import Profile
from features.vector import feature_specs
from infra.notify.config import load_config
from infra.notify.outbox import outbox_in
from infra.reads.drift import (
    Use,
    matured_rows,
    missing_shares,
    read_week,
    stored_drift,
    write_drift,
)
from infra.store import ClickHouseStore
from models.bundle import Bundle
from models.drift import Measure, calibration, drifted, missing, stability
from models.drift_words import told as in_words
from models.judging import judge_scored
from models.record import TrainingRecord
from models.reference import WEEK_MS, Reference, week_of
from models.registry import Registry
from models.table import DAY_MS, Progress, no_progress

AGEING = frozenset({"age", "use", "firmware"})
"""Kinds of features that only ever grow."""
WEEKS: Final = 12
"""The newest so many weeks are looked at."""


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


def subject_of(settings: Settings, profile: Profile) -> Subject:
    """The champion of a profile. Raises DataError where it has none, ModelError."""
    registry = Registry(settings.models_dir)
    champion = registry.champion(profile.name)
    if champion is None:
        raise DataError(f"profile {profile.name} has no champion; train one with `telltale train`")
    bundle, _ = registry.load(champion)
    return Subject(profile, bundle, registry.manifest(champion).record, settings.tenant)


@dataclass(frozen=True)
class Look:
    """How to look: when it is, at how many weeks; `quiet` tells nobody."""

    now_ms: int
    weeks: int = WEEKS
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Seen:
    """What a look came to: everything that was measured, what has drifted as of the newest week,
    what of that is news, and the targets that will hear of it.
    """

    measures: list[Measure]
    drifted: list[Measure]
    news: list[Measure]
    told: list[str]


def measure(
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


def see(
    settings: Settings,
    store: ClickHouseStore,
    subject: Subject,
    look: Look,
    progress: Progress = no_progress,
) -> Seen:
    """Look, tell what is new, and keep what was measured. Raises DataError as `measure` does.

    What is told is in the outbox before the table says that it is known: who dies in between
    finds it as news again, under ids that the outbox knows.
    """
    measures = measure(store, subject, look.weeks, progress)
    found = drifted(measures)
    known = _known(store, subject)
    news = [one for one in found if (one.kind, one.subject) not in known]
    told = [] if look.quiet else tell(settings, subject, news, look.now_ms)
    write_drift(store.clickhouse, subject.use, measures, look.now_ms)
    return Seen(measures, found, news, told)


def tell(settings: Settings, subject: Subject, news: Sequence[Measure], now_ms: int) -> list[str]:
    """Put news into the outbox for the targets that the notifier's file names as `lab`; their
    names. The notifier sends it.
    """
    if settings.notify.file is None or not news:
        return []
    lab = load_config(settings.notify.file).lab
    notices = [
        DriftNotice(
            subject.tenant,
            subject.bundle.id,
            one.week_ms,
            one.kind,
            one.subject,
            in_words(subject.profile, one),
            place,
        )
        for place, one in enumerate(news)
    ]
    outbox = outbox_in(settings.home)
    try:
        outbox.add(lab_entries(notices, lab, now_ms))
    finally:
        outbox.close()
    return lab


def _known(store: ClickHouseStore, subject: Subject) -> set[tuple[str, str]]:
    """Kind and subject of what had drifted when it was last looked at, in the newest week or the
    one before: a week that has just begun holds few rows, and its limits are wide.
    """
    stored = stored_drift(store.clickhouse, subject.tenant, subject.profile.name, 2)
    return {
        (one.measure.kind, one.measure.subject)
        for one in stored
        if one.model == subject.bundle.id and one.measure.drifted
    }


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
