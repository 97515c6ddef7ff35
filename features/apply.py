"""What a record does to the state, and whether the vehicle is to be scored after it.

Live stream, training and rebuilds all come through here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Flags, Floats, Ints
from contracts.records import VehicleEvent
from features import ages, baseline, codes, moments
from features.baseline import EMPTY
from features.plan import Batch, Plan
from features.state import Block

TRIGGERS: Final = ("", "due", "fault_code", "residual")
NONE, DUE, FAULT_CODE, RESIDUAL = range(4)


def apply_frames(plan: Plan, block: Block, batch: Batch) -> npt.NDArray[np.int8]:
    """Add one frame to each vehicle of the block, in place; why each is now due ([n] of TRIGGERS).

    A frame's weight is `2^-(lag/half-life)`, its lag that behind the vehicle's newest event time.
    """
    _advance(plan, block, batch.time_ms)
    weight, lag = moments.decay(block.newest - batch.time_ms, plan.half_lives_ms)
    moments.add(block.sums, batch.terms, weight, lag)
    block.weight += weight
    bucket = batch.time_ms // plan.profile.baseline_ms
    allowed = batch.time_ms >= block.reset
    baseline.add(block.buckets, block.baseline, bucket, allowed, batch.terms[:, :2])
    ages.add_use(block.used, block.replaced, batch.time_ms)
    block.frames += 1
    surprised = _renew(plan, block, batch)
    since = block.newest - block.moment
    due = (since >= plan.profile.score_interval_ms) & (batch.time_ms > block.moment)
    trigger = np.where(due, DUE, np.where(surprised, RESIDUAL, NONE)).astype(np.int8)
    _mark(block, trigger != NONE)
    return trigger


def apply_event(plan: Plan, block: Block, event: VehicleEvent) -> int:
    """Add an event to the one vehicle of the block, in place; why it is now due (of TRIGGERS)."""
    _advance(plan, block, np.array([event.time_ms]))
    if event.kind == "fault_code":
        code = plan.codes.get(event.code, len(plan.codes))
        lag = int(block.newest[0]) - event.time_ms
        codes.add(block.codes[0], code, lag, plan.half_lives_ms)
        _mark(block, np.ones(1, np.bool_))
        return FAULT_CODE
    if event.kind == "replacement" and event.code in plan.parts:
        ages.replace(block.used[0], block.replaced[0], plan.parts[event.code], event.time_ms)
    elif event.kind == "firmware":
        np.maximum(block.firmware, event.time_ms, out=block.firmware)
        _reset_baseline(block, event.time_ms)
    return NONE


def _mark(block: Block, made: Flags) -> None:
    """Remember that these vehicles' rows are made now, and date them: the newest event time, and
    always later than the row before.

    A late record, or a second code at one instant, makes a row without making time go on. Under
    the date of another row it would take that one's place in the store, or lose its own, as a
    stalled writer may have it. When the next one is due counts from the time, not from the date.
    """
    np.copyto(block.scored, np.maximum(block.newest, block.scored + 1), where=made)
    np.copyto(block.moment, block.newest, where=made)


def _advance(plan: Plan, block: Block, time_ms: Ints) -> None:
    newest = np.maximum(block.newest, time_ms)
    factor, shift = moments.decay(newest - block.newest, plan.half_lives_ms)
    moments.advance(block.sums, factor, shift)
    block.weight *= factor
    codes.advance(block.codes, factor)
    block.newest[:] = newest
    fresh = (block.first == ages.NEVER) | (time_ms < block.first)
    np.copyto(block.first, time_ms, where=fresh)


def _renew(plan: Plan, block: Block, batch: Batch) -> Flags:
    """Take over the newest frame's values; whether one left its band with it ([n])."""
    later = batch.time_ms > block.frame
    same = (batch.time_ms == block.frame) & (batch.seq > block.frame_seq)
    newer = later | same
    rows = np.flatnonzero(newer & batch.out)
    surprised = np.zeros(len(block), np.bool_)
    if rows.size:
        out = _out(plan, batch.value[rows]) & ~_out(plan, block.now[rows])
        surprised[rows] = out.any(axis=1)
    where = slice(None) if newer.all() else np.flatnonzero(newer)
    block.now[where] = batch.value[where]
    block.spread[where] = batch.spread[where]
    block.frame[where] = batch.time_ms[where]
    block.frame_seq[where] = batch.seq[where]
    return surprised


def _out(plan: Plan, value: Floats) -> Flags:
    return np.abs(value) > plan.profile.surprise


def _reset_baseline(block: Block, time_ms: int) -> None:
    if time_ms >= int(block.reset[0]):
        block.reset[:] = time_ms
        block.buckets[:] = EMPTY
        block.baseline[:] = 0.0
