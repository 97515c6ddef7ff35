"""Snapshots of partitions as files, in a local folder or wherever fsspec reaches.

A file is named by the offset that comes next. It starts with a magic, a version and the SHA-256
of what follows, is written whole under a temporary name and then renamed, and is never
overwritten: state is a function of the log up to an offset, so any worker's file is as good.
Files of other names are left alone, except for the temporary ones of workers that were killed.
"""

import contextlib
import hashlib
import os
import re
import struct
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import fsspec
import structlog

MAGIC = b"TTSN"
VERSION = 1
KEPT = 3
_HEADER = struct.Struct("<4sHxx32s")
_SUFFIX = ".snapshot"
_NAME = re.compile(r"\d{20}\.snapshot")
_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.tmp")
_ABANDONED_AFTER: Final = timedelta(hours=1)
"""Nobody writes at one file for so long."""

_log = structlog.get_logger(__name__)


class FolderSnapshots:
    """A Snapshots (contracts/ports.py) under `url`: a folder or an fsspec URL such as s3://..."""

    def __init__(self, url: str) -> None:
        self._files: Any
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._damaged: set[str] = set()

    def save(self, partition: int, next_offset: int, payload: bytes) -> None:
        """Write a snapshot unless a valid one of this offset exists; keep the newest three."""
        folder = self._folder(partition)
        path = f"{folder}/{next_offset:020d}{_SUFFIX}"
        if self._files.exists(path) and self._read(path) is not None:
            return
        self._write(folder, path, payload)
        self._clean(partition, next_offset)

    def replace(self, partition: int, next_offset: int, payload: bytes) -> None:
        """Write a snapshot in the place of one of the same offset, which was made otherwise (by
        another model, say), and of all beyond it. Only while no worker runs.
        """
        folder = self._folder(partition)
        self._write(folder, f"{folder}/{next_offset:020d}{_SUFFIX}", payload)
        for path in self._paths(partition):
            if _offset(path) > next_offset:
                self._remove(path)
        self._clean(partition, next_offset)

    def _write(self, folder: str, path: str, payload: bytes) -> None:
        self._files.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/.{uuid.uuid4().hex}.tmp"
        try:
            with self._files.open(temporary, "wb") as file:
                file.write(_HEADER.pack(MAGIC, VERSION, hashlib.sha256(payload).digest()))
                file.write(payload)
                _sync(file)
            self._files.mv(temporary, path)
        except OSError:
            # No room, perhaps: what is half written must not take some of it.
            self._remove(temporary)
            raise
        self._damaged.discard(path)

    def load(self, partition: int) -> Iterator[tuple[int, bytes]]:
        """Valid snapshots as (next_offset, payload), newest first; damaged ones are reported."""
        for path in self._paths(partition):
            payload = self._read(path)
            if payload is not None:
                yield _offset(path), payload

    def _folder(self, partition: int) -> str:
        return f"{self._root}/{partition:05d}"

    def _paths(self, partition: int) -> list[str]:
        """Snapshots of whatever state, newest first."""
        return sorted(self._named(partition, _NAME), reverse=True)

    def _named(self, partition: int, pattern: re.Pattern[str]) -> list[str]:
        folder = self._folder(partition)
        self._files.invalidate_cache()
        if not self._files.exists(folder):
            return []
        names: list[str] = self._files.ls(folder, detail=False)
        return [name for name in names if pattern.fullmatch(name.rpartition("/")[2])]

    def _read(self, path: str) -> bytes | None:
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            # Another worker cleaned up between listing and reading.
            return None
        damage = _damage(content)
        if damage:
            _log.error("snapshot is damaged and skipped", path=path, damage=damage)
            self._damaged.add(path)
            return None
        return content[_HEADER.size :]

    def _clean(self, partition: int, saved: int) -> None:
        """Keep three sound ones up to the one just saved. What lies beyond is another worker's, or
        damaged; it goes when the log has come past it, and never counts among the three.
        """
        older = [path for path in self._paths(partition) if _offset(path) <= saved]
        sound = [path for path in older if path not in self._damaged]
        for path in {*sound[KEPT:], *older} - {*sound[:KEPT]}:
            self._remove(path)
        for path in self._named(partition, _TEMPORARY):
            if self._is_abandoned(path):
                self._remove(path)

    def _is_abandoned(self, path: str) -> bool:
        """Whether a killed worker left it: nobody works at it any more."""
        try:
            changed: datetime = self._files.modified(path)
        except (FileNotFoundError, NotImplementedError):
            return False
        aware = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
        return datetime.now(UTC) - aware > _ABANDONED_AFTER

    def _remove(self, path: str) -> None:
        with contextlib.suppress(OSError):
            self._files.rm_file(path)
        self._damaged.discard(path)


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
