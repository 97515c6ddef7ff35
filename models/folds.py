"""Splits by vehicle: rows of one vehicle are never on both sides."""

import hashlib
from collections.abc import Sequence

import numpy as np

from contracts.batches import Ints


def fold_of(vehicle_id: str, folds: int, seed: int) -> int:
    """The fold of a vehicle: the same in every run, whatever other vehicles there are."""
    digest = hashlib.blake2b(f"{seed}/{vehicle_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % folds


def fold_rows(vehicles: Sequence[str], vehicle: Ints, folds: int, seed: int) -> Ints:
    """The fold [rows] of each row; `vehicle` [rows] are places in `vehicles`.

    Vehicles are dealt out in the order of their hash, so that folds are of one size.
    """
    order = np.argsort(
        [hashlib.blake2b(f"{seed}/{one}".encode(), digest_size=8).digest() for one in vehicles],
        kind="stable",
    )
    found = np.empty(len(vehicles), np.int64)
    found[order] = np.arange(len(vehicles)) % folds
    return found[vehicle]
