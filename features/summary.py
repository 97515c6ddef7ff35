"""Frames reduced to their statistics, many at a time, and the frames that make no sense."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Final

import numpy as np

from contracts.batches import STATISTICS, Floats, Ints, Summaries
from contracts.catalogue import signals_by_id
from contracts.dead_letters import Reason
from contracts.records import FRAME_SPAN_MS, Frame
from features.profile import Profile
from features.refusal import Refusal

_COPIED: Final = 1 << 20
"""Bytes of samples laid side by side at a time."""
_CACHE: Final = 1_024


class Reducer:
    """Reduces frames of one profile; remembers the signal lists that it has seen."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._lists: dict[bytes, _SignalList] = {}

    def reduce(self, frames: Sequence[Frame]) -> tuple[Floats, list[Refusal]]:
        """Statistics [frames, signals, 6] and the refused frames (whose statistics are void).

        A frame's statistics depend on that frame alone, to the bit.
        """
        shape = (len(frames), len(self.profile.signals), len(STATISTICS))
        stats = np.full(shape, np.nan, np.float32)
        stats[:, :, 0] = 0.0
        refused: list[Refusal] = []
        groups: dict[tuple[bytes, int, int], list[int]] = {}
        for index, frame in enumerate(frames):
            key = (frame.signals, len(frame.offsets), len(frame.samples))
            groups.setdefault(key, []).append(index)
        for (signals, offsets, samples), members in groups.items():
            chosen = self._list(signals)
            complaint = chosen.complaint or chosen.misfit(offsets, samples)
            if complaint:
                reason, detail = complaint
                refused += [Refusal(index, reason, detail) for index in members]
            else:
                step = max(1, _COPIED // samples)
                for start in range(0, len(members), step):
                    refused += _reduce(chosen, frames, members[start : start + step], stats)
        return stats, refused

    def _list(self, signals: bytes) -> "_SignalList":
        found = self._lists.get(signals)
        if found is None:
            if len(self._lists) >= _CACHE:
                self._lists.clear()
            found = self._lists[signals] = _SignalList(self.profile, signals)
        return found


def summarise(profile: Profile, frames: Sequence[Frame]) -> tuple[Summaries, Ints, list[Refusal]]:
    """Summaries of the sound frames, their positions in `frames`, and the refused ones."""
    stats, refused = Reducer(profile).reduce(frames)
    bad = {refusal.index for refusal in refused}
    kept = np.array([i for i in range(len(frames)) if i not in bad], np.int64)
    chosen = [frames[i] for i in kept]
    summaries = Summaries(
        profile.name,
        [frame.tenant for frame in chosen],
        [frame.vehicle_id for frame in chosen],
        np.array([frame.start_ms for frame in chosen], np.int64),
        np.array([frame.seq for frame in chosen], np.int64),
        stats[kept],
    )
    return summaries, kept, refused


class _SignalList:
    """One list of signals as frames carry it, laid against the profile's.

    `source` are places in the frame, `target` in the profile, of the signals that it uses.
    """

    def __init__(self, profile: Profile, blob: bytes) -> None:
        self.ids = np.frombuffer(blob[: len(blob) // 2 * 2], "<u2")
        self.complaint = self._complain(blob)
        places = {id_: place for place, id_ in enumerate(profile.signal_ids)}
        used = [i for i, id_ in enumerate(self.ids.tolist()) if id_ in places]
        self.source = np.array(used, np.int64)
        self.target = np.array([places[int(self.ids[i])] for i in used], np.int64)
        specs = [signals_by_id()[int(self.ids[i])] for i in used]
        self.paths = [spec.path for spec in specs]
        self.low = np.array([spec.low for spec in specs], np.float32)
        self.high = np.array([spec.high for spec in specs], np.float32)
        self.whole = len(used) == len(self.ids)

    def _complain(self, blob: bytes) -> tuple[Reason, str] | None:
        if not blob or len(blob) % 2:
            return "bad_shape", f"{len(blob)} bytes of signal ids; give two bytes for each signal"
        ids = self.ids.tolist()
        if len(set(ids)) != len(ids):
            return "bad_shape", "a signal stands twice in the frame's list of signals"
        unknown = [str(id_) for id_ in ids if id_ not in signals_by_id()]
        if unknown:
            listed = ", ".join(unknown[:5])
            return "unknown_signal", f"signal id {listed} is not in contracts/catalogue.toml"
        return None

    def misfit(self, offsets: int, samples: int) -> tuple[Reason, str] | None:
        """What is wrong with blobs of this many bytes."""
        if not offsets or offsets % 2:
            return "bad_shape", f"{offsets} bytes of offsets; give two bytes for each sample"
        wanted = offsets // 2 * len(self.ids) * 4
        if samples != wanted:
            return "bad_shape", (
                f"{samples} bytes of samples, but {offsets // 2} samples of {len(self.ids)} "
                f"signals take {wanted}"
            )
        return None


def _reduce(
    chosen: _SignalList, frames: Sequence[Frame], members: list[int], stats: Floats
) -> Iterator[Refusal]:
    """Reduce frames of one signal list and length into their rows of `stats`."""
    blob = b"".join([frames[i].samples for i in members])
    block = np.frombuffer(blob, "<f4").reshape(len(members), -1, len(chosen.ids))
    rows = np.array(members)
    used = block if chosen.whole else np.ascontiguousarray(block[:, :, chosen.source])
    import_module("features.reduction").reduce_frames(used, rows, chosen.target, stats)
    found = stats[rows[:, None], chosen.target]
    yield from _impossible(chosen, members, found)
    void = np.flatnonzero(~found[:, :, 0].any(axis=1))
    for index in void.tolist():
        if not np.isfinite(block[index]).any():
            yield Refusal(members[index], "bad_value", "no sample of the frame has a finite value")
    yield from _disordered(frames, members)


def _impossible(chosen: _SignalList, members: list[int], found: Floats) -> Iterator[Refusal]:
    wrong = (found[:, :, 3] < chosen.low) | (found[:, :, 4] > chosen.high)
    for row in np.flatnonzero(wrong.any(axis=1)).tolist():
        column = int(np.flatnonzero(wrong[row])[0])
        low, high = found[row, column, 3:5]
        detail = (
            f"{chosen.paths[column]} ran from {low:g} to {high:g}; possible is "
            f"{chosen.low[column]:g} to {chosen.high[column]:g}"
        )
        yield Refusal(members[row], "bad_value", detail)


def _disordered(frames: Sequence[Frame], members: list[int]) -> Iterator[Refusal]:
    blobs = [frames[i].offsets for i in members]
    distinct = list(set(blobs))
    times = np.frombuffer(b"".join(distinct), "<u2").reshape(len(distinct), -1)
    wrong = (times[:, 1:] < times[:, :-1]).any(axis=1) | (times[:, -1] > FRAME_SPAN_MS)
    if wrong.any():
        bad = {distinct[i] for i in np.flatnonzero(wrong)}
        detail = f"sample offsets must not fall and may reach {FRAME_SPAN_MS} ms"
        for index, blob in zip(members, blobs, strict=True):
            if blob in bad:
                yield Refusal(index, "bad_shape", detail)
