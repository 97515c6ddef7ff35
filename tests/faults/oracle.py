"""What must be stored: an undisturbed run of the pure engine over what was acknowledged, and
beside it, written out in polars, which frames count and what their summaries are.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
import polars as pl

from app.flow.partition import Engines, Partition
from contracts.codec import decode_message, frame_arrays
from contracts.records import SEQUENCE_WINDOW, Frame
from contracts.topics import PARTITIONS
from features.profile import builtin_profile, profile_names
from infra.kafka import partition_of
from tests.faults.champion import USED, Weighted

_BATCH = 512


def digest(array):
    """Equal for arrays whose bytes are equal, every NaN being alike."""
    values = np.ascontiguousarray(array)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.float32("nan"), values).astype(np.float32)
    return hash(values.tobytes())


@dataclass
class Expected:
    """Rows by natural key, as digests. `risk` holds the features that count, for whatever champion
    scored them; where two rows share a key, the last one counts.
    """

    summaries: dict = field(default_factory=dict)
    events: dict = field(default_factory=dict)
    features: dict = field(default_factory=dict)
    risk: dict = field(default_factory=dict)
    letters: dict = field(default_factory=dict)
    withheld: dict = field(default_factory=dict)

    def risk_digest(self, key, model):
        return self.one_risk_digest(self.risk[key][-1], model)

    @staticmethod
    def one_risk_digest(used, model):
        return digest(_champion(model).risk(used[None])[0])


_champion = cache(Weighted)


class Oracle:
    """Feed it the log of an installation, in order; ask it for rows and states."""

    def __init__(self, topic):
        self._topic = topic
        engines = Engines({name: builtin_profile(name) for name in profile_names()})
        self.partitions = {number: Partition(number, 0, engines) for number in range(PARTITIONS)}
        self._home = partial(partition_of, partitions=PARTITIONS)
        self.expected = Expected()
        self.literal = Literal()
        self.messages = 0

    def feed(self, messages, bad):
        """Messages in order within each partition, without a gap; `bad` as the sender knows it, by
        (partition, offset).
        """
        by_partition = defaultdict(list)
        for message in messages:
            by_partition[message.partition].append(message)
            self.literal.feed(message, bad.get(message[:2], frozenset()))
            self.messages += 1
        for number, found in by_partition.items():
            partition = self.partitions[number]
            due = partition.cursor.take(found, 0.0)
            if len(due) != len(found):
                raise AssertionError(f"the log of partition {number} has a gap before {found[-1]}")
            for start in range(0, len(due), _BATCH):
                self._apply(partition.apply(due[start : start + _BATCH], self._topic, self._home))

    def _apply(self, effects):
        expected = self.expected
        for batch in effects.summaries:
            keys = zip(batch.vehicle_id, batch.time_ms.tolist(), batch.seq.tolist(), strict=True)
            expected.summaries.update(zip(keys, map(digest, batch.stats), strict=True))
        for one in effects.events:
            key = (one.vehicle_id, one.time_ms, one.kind, one.code)
            expected.events[key] = hash(tuple(sorted(one.detail.items())))
        for item in effects.features:
            self._features(item.rows)
        for letter in effects.letters:
            key = (letter.partition, letter.offset, letter.reason, letter.detail)
            expected.letters[key] = letter.payload
        for account in effects.withheld:
            expected.withheld[account.partition, account.minute_ms] = account

    def _features(self, rows):
        keys = zip(rows.vehicle_id, rows.time_ms.tolist(), rows.trigger, strict=True)
        for key, values in zip(keys, rows.values, strict=True):
            self.expected.features[key] = digest(values)
            if rows.profile == "truck-diesel":
                found = self.expected.risk.setdefault(key[:2], [])
                found.append(values[USED].copy())


class Literal:
    """The same promise in other words: a vehicle's frame counts when its number is new within the
    last 256; its summary is plain statistics of its samples. What is bad, the sender says.
    """

    def __init__(self):
        self._seen, self._newest = defaultdict(set), defaultdict(lambda: -1)
        self.frames = {}

    def feed(self, message, bad):
        """`bad`: places of records that don't count, None for all."""
        if bad is None:
            return
        for place, record in enumerate(decode_message(message.payload)):
            if isinstance(record, Frame) and place not in bad:
                self._frame(record)

    def _frame(self, frame):
        seen, newest = self._seen[frame.vehicle_id], self._newest[frame.vehicle_id]
        if frame.seq in seen or frame.seq <= newest - SEQUENCE_WINDOW:
            return
        seen.add(frame.seq)
        self._newest[frame.vehicle_id] = newest = max(newest, frame.seq)
        if len(seen) > 2 * SEQUENCE_WINDOW:
            seen.difference_update([n for n in seen if n <= newest - SEQUENCE_WINDOW])
        self.frames[frame.vehicle_id, frame.start_ms, frame.seq] = frame

    def statistics(self, limit=500):
        """Keys of some frames, and one row a frame and signal id with its six statistics."""
        chosen = list(self.frames.items())[:: max(1, len(self.frames) // limit)]
        told = (
            pl.concat([_long(number, frame) for number, (_, frame) in enumerate(chosen)])
            .filter(pl.col("value").is_finite())
            .sort("frame", "signal", "at")
            .group_by("frame", "signal")
            .agg(*_STATISTICS)
        )
        return [key for key, _ in chosen], told


_VALUE = pl.col("value").cast(pl.Float64)
_STATISTICS = (
    _VALUE.count().cast(pl.Float64).alias("count"),
    _VALUE.mean().alias("mean"),
    _VALUE.std(ddof=0).alias("std"),
    _VALUE.min().alias("min"),
    _VALUE.max().alias("max"),
    _VALUE.last().alias("last"),
)


def _long(number, frame):
    signals, _, samples = frame_arrays(frame)
    rows, columns = samples.shape
    return pl.DataFrame(
        {
            "frame": np.full(rows * columns, number),
            "signal": np.tile(signals, rows),
            "at": np.repeat(np.arange(rows), columns),
            "value": samples.ravel(),
        }
    )
