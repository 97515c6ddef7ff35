"""A small truck fleet, and pieces of the pipeline that live in memory."""

import threading

import numpy as np

from app.flow.message import Incoming
from app.flow.partition import Engines
from app.flow.persist import Persistence
from app.flow.pipeline import Pipeline, Ports
from app.flow.settle import Settlement
from contracts.batches import RiskRows
from contracts.codec import encode_message, make_frame
from contracts.errors import UnavailableError
from features.expectation import Expectation
from features.profile import builtin_profile
from infra.metrics import WorkerMetrics
from infra.snapshots import FolderSnapshots

PROFILE = builtin_profile("truck-diesel")
START = 1_700_000_000_000
PERIOD = 900_000


def frame(vehicle, seq, *, level=0.0, profile=PROFILE):
    centre = np.array([signal.centre for signal in profile.signals])
    wave = 0.1 * np.sin(seq + np.arange(4 * len(centre)).reshape(4, -1)) + level
    return make_frame(
        profile=profile.name,
        vehicle_id=vehicle,
        seq=seq,
        start_ms=START + seq * PERIOD,
        signals=profile.signal_ids,
        offsets_ms=np.arange(4) * 2_000,
        samples=centre + wave * [signal.scale for signal in profile.signals],
    )


def incoming(partition, offset, *records, payload=None):
    newest = max((getattr(r, "start_ms", START) for r in records), default=START)
    return Incoming(partition, offset, newest, payload or encode_message(records))


class Prior:
    """A bundle that knows nothing: the same risk for everybody."""

    def __init__(self, names, expectation, identity="prior-1", risk=0.1, profile=PROFILE):
        self.id, self.feature_names, self.risk = identity, tuple(names), risk
        self.expectation_id, self.profile = expectation.id, profile

    def score(self, rows):
        modes = [mode.name for mode in self.profile.modes]
        risk = np.full((len(rows), len(modes), 3), self.risk, np.float32)
        return RiskRows(
            rows.profile, self.id, modes, rows.tenant, rows.vehicle_id, rows.time_ms, risk, None
        )


class Failing(Prior):
    """A bundle that loads, and then can't score."""

    def score(self, rows):
        raise RuntimeError(f"out of order at {len(rows)} rows")


def shifted_expectation(profile=PROFILE):
    """Another than the neutral one."""
    neutral = Expectation.neutral(profile)
    return type(neutral)(**{**vars(neutral), "sd": neutral.sd * 2})


class MemoryStore:
    """Rows by natural key; `away` calls are refused first."""

    def __init__(self):
        self.rows = {
            name: {}
            for name in (
                "summaries",
                "events",
                "features",
                "risk",
                "shadow",
                "unusual",
                "letters",
                "withheld",
            )
        }
        self.writes = 0
        self.away = 0

    def _put(self, table, pairs):
        if self.away:
            self.away -= 1
            raise UnavailableError("the store is away")
        self.writes += 1
        self.rows[table].update(pairs)

    def write_summaries(self, batch):
        keys = zip(batch.vehicle_id, batch.seq.tolist(), strict=True)
        self._put("summaries", zip(keys, map(bytes, batch.stats), strict=True))

    def write_events(self, events):
        if events:
            self._put("events", {(e.vehicle_id, e.kind, e.code, e.time_ms): e for e in events})

    def write_features(self, rows):
        keys = zip(rows.vehicle_id, rows.time_ms.tolist(), strict=True)
        self._put("features", zip(keys, map(bytes, rows.values), strict=True))

    def write_risk(self, rows):
        keys = zip(rows.vehicle_id, rows.time_ms.tolist(), strict=True)
        self._put("risk", zip(keys, [rows.model] * len(rows), strict=True))

    def write_shadow(self, rows):
        keys = zip(rows.vehicle_id, rows.time_ms.tolist(), [rows.model] * len(rows), strict=True)
        self._put("shadow", zip(keys, map(bytes, rows.risk), strict=True))

    def write_unusual(self, rows):
        keys = zip(rows.vehicle_id, rows.time_ms.tolist(), strict=True)
        self._put("unusual", zip(keys, rows.rank.tolist(), strict=True))

    def write_dead_letters(self, letters):
        if letters:
            self._put("letters", {(x.partition, x.offset, x.reason, x.detail): x for x in letters})

    def write_withheld(self, accounts):
        if accounts:
            self._put("withheld", {(x.partition, x.minute_ms): x for x in accounts})


class MemoryLog:
    """A log of one partition; offsets may be missing."""

    def __init__(self, messages=()):
        self.messages = {message.offset: message for message in messages}
        self.first = min(self.messages, default=0)
        self.last = 1 << 40

    def start(self, _partition):
        return self.first

    def end(self, _partition):
        return self.last

    def read(self, _partition, start, until):
        found = [self.messages[at] for at in range(start, until) if at in self.messages]
        return found[:3], until if len(found) <= 3 else found[2].offset + 1


class Bench:
    """A pipeline with everything around it in memory, snapshots in a folder."""

    def __init__(
        self,
        folder,
        log=None,
        store=None,
        champions=None,
        home=lambda _vehicle: 0,
        ahead=0,
        committed=-1,
    ):
        self.store, self.log = store or MemoryStore(), log or MemoryLog()
        self.published, self.refused, self.now = [], [], 0.0
        self.stop, self.metrics = threading.Event(), WorkerMetrics()
        self.snapshots = FolderSnapshots(str(folder))
        self.outages = []
        persistence = Persistence(self.stop, on_outage=self.outages.append)
        settlement = Settlement(self.store, self, self.refused.extend, persistence)
        ports = Ports(
            "telemetry",
            home,
            self.log,
            self.snapshots,
            settlement,
            persistence,
            self.metrics,
            lambda _partition: committed,
        )
        engines = Engines({PROFILE.name: PROFILE})
        self.pipeline = Pipeline(engines, ports, clock=lambda: self.now, ahead=ahead)
        self.pipeline.offer(champions or {})

    def publish(self, batches, _events):
        self.published += batches

    def count(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"telltale_worker_{name}_total", labels) or 0
