"""Tries a stored bundle in a process of its own: a damaged UBJ file can end the process.

`python -m models.verify FOLDER` loads it, scores its golden rows and ends with 0 when they come
out as they did when it was saved; otherwise one line on standard error says why not.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats
from contracts.errors import ModelError
from contracts.risk import HORIZONS_DAYS
from models.bundle import Bundle, bundle_of
from models.manifest import read_files, read_manifest
from models.trial import noise

GOLDEN_FILE: Final = "golden.bin"
TOLERANCE: Final = 1e-5
_LIMIT_S: Final = 60.0


LIFE_TOLERANCE: Final = 1e-4
"""Of remaining life, relative to the longest among the golden rows."""


class _Golden(msgspec.Struct, frozen=True, array_like=True):
    """`life` is empty without a model of remaining life, and in bundles of before it was kept."""

    rows: int
    values: bytes
    risk: bytes
    life: bytes = b""


def golden(bundle: Bundle) -> bytes:
    """The bundle's trial rows with the risk and the remaining life that it gives them, to be stored
    beside it.
    """
    own = noise(len(bundle.feature_names)) if bundle.trial is None else bundle.trial
    rows = np.ascontiguousarray(own, "<f4")
    risk = bundle.risk(rows, HORIZONS_DAYS)
    life = np.asarray(bundle.rul.predict(rows), "<f4").tobytes() if bundle.rul else b""
    return msgspec.msgpack.encode(_Golden(len(rows), rows.tobytes(), risk.tobytes(), life))


def check(bundle: Bundle, stored: bytes) -> None:
    """Score the golden rows again. Raises ModelError when they come out differently."""
    found, values = _kept(stored)
    if values.shape[1] != len(bundle.feature_names):
        raise ModelError(
            f"model {bundle.id} has golden rows of {values.shape[1]} features and takes "
            f"{len(bundle.feature_names)}; train it again"
        )
    wanted = np.frombuffer(found.risk, "<f4").reshape(
        found.rows, len(bundle.modes), len(HORIZONS_DAYS)
    )
    _compare(bundle, bundle.risk(values, HORIZONS_DAYS), wanted, TOLERANCE)
    if bundle.rul and found.life:
        life = np.frombuffer(found.life, "<f4").reshape(found.rows, -1)
        longest = float(np.abs(life).max(initial=1.0))
        _compare(bundle, bundle.rul.predict(values), life, LIFE_TOLERANCE * longest)


def _kept(stored: bytes) -> tuple[_Golden, Floats]:
    """What was stored, and its rows [n x features]."""
    found = msgspec.msgpack.decode(stored, type=_Golden)
    values = np.frombuffer(found.values, "<f4").astype(np.float32)
    return found, values.reshape(found.rows, -1)


def _compare(bundle: Bundle, found: Floats, wanted: Floats, tolerance: float) -> None:
    if not np.allclose(found, wanted, rtol=0, atol=tolerance):
        worst = float(np.abs(found - wanted).max())
        raise ModelError(
            f"model {bundle.id} scores its golden rows otherwise than when it was saved (by "
            f"{worst:.2g}); it was made for another machine or library: train it again"
        )


def try_out(folder: Path) -> None:
    """Load and check a bundle in a process of its own. Raises ModelError."""
    command = [sys.executable, "-P", "-m", "models.verify", str(folder.resolve())]
    try:
        done = subprocess.run(  # noqa: S603 (our own command)
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"model {folder.name} could not be tried within {_LIMIT_S} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        why = lines[-1] if lines else f"the process that tried it ended with {done.returncode}"
        raise ModelError(f"model {folder.name} is refused: {why}")


def loaded(files: Mapping[str, bytes]) -> Bundle:
    """The bundle of files that were read whole, tried on its golden rows: what it takes to score
    risk is ready then, and the first frames after a promotion don't wait for it. Raises ModelError.
    """
    stored = files[GOLDEN_FILE]
    bundle = bundle_of({k: v for k, v in files.items() if k != GOLDEN_FILE}, _kept(stored)[1])
    check(bundle, stored)
    return bundle


def main(folder: str) -> int:
    """Exit status of trying the bundle in `folder`."""
    path = Path(folder)
    try:
        files = read_files(path, read_manifest(path))
        loaded(files)
    except (ModelError, msgspec.DecodeError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
