"""What a stored bundle says of itself: its files with their SHA-256, what it takes, its history."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from contracts.errors import ModelError
from models.record import TrainingRecord

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.sha256"
"""Holds the SHA-256 of the manifest's bytes."""


class StoredFile(msgspec.Struct, frozen=True):
    """One file of a bundle."""

    name: str
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """`id` names the bundle; `profile_version` and `feature_names` say what it was made for."""

    format: int
    id: str
    profile: str
    profile_version: int
    expectation: str
    feature_names: list[str]
    files: list[StoredFile]
    record: TrainingRecord


def stored_file(name: str, payload: bytes) -> StoredFile:
    """The entry of a file with this content."""
    return StoredFile(name, hashlib.sha256(payload).hexdigest(), len(payload))


def write_manifest(manifest: Manifest) -> Mapping[str, bytes]:
    """The manifest and its seal, by file name."""
    payload = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return {MANIFEST: payload, SEAL: f"{hashlib.sha256(payload).hexdigest()}\n".encode()}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle's folder. Raises ModelError for a damaged or foreign one."""
    name = folder.name
    payload, seal = _read(folder, MANIFEST), _read(folder, SEAL)
    if seal != f"{hashlib.sha256(payload).hexdigest()}\n".encode():
        raise ModelError(f"model {name} is damaged: its manifest is not what was written")
    try:
        manifest = msgspec.json.decode(payload, type=Manifest)
    except msgspec.DecodeError as error:
        raise ModelError(f"model {name} has a manifest that can't be read ({error})") from error
    if manifest.format != FORMAT or manifest.id != name:
        raise ModelError(
            f"model {name} is not one of this registry (format {manifest.format}, id {manifest.id})"
        )
    return manifest


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """All files of a bundle, whole. Raises ModelError when one is not what was written."""
    found = {}
    for entry in manifest.files:
        payload = _read(folder, entry.name)
        if stored_file(entry.name, payload) != entry:
            raise ModelError(
                f"model {manifest.id} is damaged: {entry.name} is not what was written; train "
                "it again or roll back"
            )
        found[entry.name] = payload
    return found


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(f"model {folder.name}: {name} can't be read ({error.strerror})") from error
