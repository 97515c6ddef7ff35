"""Snapshots of partitions as files, in a local folder or wherever fsspec reaches.

A file is named by the offset that comes next. It starts with a magic, a version and the SHA-256
of what follows, is written whole under a temporary name and then renamed, and is never
overwritten: state is a function of the log up to an offset, so any worker's file is as good.
"""

import contextlib
import hashlib
import os
import struct
import uuid
from collections.abc import Iterator
from typing import Any

import fsspec
import structlog

MAGIC = b"TTSN"
VERSION = 1
KEPT = 3
_HEADER = struct.Struct("<4sHxx32s")
_SUFFIX = ".snapshot"

_log = structlog.get_logger(__name__)


class FolderSnapshots:
    """A Snapshots (contracts/ports.py) under `url`: a folder or an fsspec URL such as s3://..."""

    def __init__(self, url: str) -> None:
        self._files: Any
        self._files, self._root = fsspec.core.url_to_fs(url)

    def save(self, partition: int, next_offset: int, payload: bytes) -> None:
        """Write a snapshot unless a valid one of this offset exists; keep the newest three."""
        folder = self._folder(partition)
        path = f"{folder}/{next_offset:020d}{_SUFFIX}"
        if self._files.exists(path) and self._read(path) is not None:
            return
        self._write(folder, path, payload)
        self._clean(partition)

    def replace(self, partition: int, next_offset: int, payload: bytes) -> None:
        """Write a snapshot in the place of one of the same offset, which was made otherwise (by
        another model, say). Only while no worker runs.
        """
        folder = self._folder(partition)
        self._write(folder, f"{folder}/{next_offset:020d}{_SUFFIX}", payload)
        self._clean(partition)

    def _write(self, folder: str, path: str, payload: bytes) -> None:
        self._files.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/.{uuid.uuid4().hex}.tmp"
        with self._files.open(temporary, "wb") as file:
            file.write(_HEADER.pack(MAGIC, VERSION, hashlib.sha256(payload).digest()))
            file.write(payload)
            _sync(file)
        self._files.mv(temporary, path)

    def load(self, partition: int) -> Iterator[tuple[int, bytes]]:
        """Valid snapshots as (next_offset, payload), newest first; damaged ones are reported."""
        for path in self._paths(partition):
            payload = self._read(path)
            if payload is not None:
                yield _offset(path), payload

    def _folder(self, partition: int) -> str:
        return f"{self._root}/{partition:05d}"

    def _paths(self, partition: int) -> list[str]:
        folder = self._folder(partition)
        self._files.invalidate_cache()
        if not self._files.exists(folder):
            return []
        names = self._files.ls(folder, detail=False)
        return sorted((name for name in names if name.endswith(_SUFFIX)), reverse=True)

    def _read(self, path: str) -> bytes | None:
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            # Another worker cleaned up between listing and reading.
            return None
        damage = _damage(content)
        if damage:
            _log.error("snapshot is damaged and skipped", path=path, damage=damage)
            return None
        return content[_HEADER.size :]

    def _clean(self, partition: int) -> None:
        for path in self._paths(partition)[KEPT:]:
            with contextlib.suppress(FileNotFoundError):
                self._files.rm_file(path)


def _damage(content: bytes) -> str:
    """What is wrong with a file, or ""."""
    if len(content) < _HEADER.size:
        return "truncated"
    magic, version, digest = _HEADER.unpack_from(content)
    if magic != MAGIC:
        return "not a snapshot"
    if version != VERSION:
        return f"version {version}, not {VERSION}"
    if hashlib.sha256(content[_HEADER.size :]).digest() != digest:
        return "checksum differs"
    return ""


def _offset(path: str) -> int:
    return int(path.rpartition("/")[2].removesuffix(_SUFFIX))


def _sync(file: Any) -> None:  # noqa: ANN401 (whatever fsspec opened)
    file.flush()
    with contextlib.suppress(AttributeError, OSError):
        os.fsync(file.fileno())
