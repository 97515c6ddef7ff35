"""Photos of findings, in a folder: named by what they hold, apart by tenant."""

import hashlib
import os
from pathlib import Path
from typing import Final

from contracts.errors import DataError

MOST_BYTES: Final = 5_000_000
MEDIA: Final = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


class Photos:
    """The photos of one home."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, tenant: str, payload: bytes) -> str:
        """Keep a photo; its name. The same photo again has the same. Raises DataError for what is
        no JPEG, PNG or WebP, or too large.
        """
        if len(payload) > MOST_BYTES:
            raise DataError(f"a photo may have {MOST_BYTES // 1_000_000} MB; make it smaller")
        kind = _kind(payload)
        if not kind:
            raise DataError("this is no photo that we can show; send JPEG, PNG or WebP")
        name = f"{hashlib.sha256(payload).hexdigest()}.{kind}"
        folder = self._folder(tenant)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_bytes(payload)
        draft.replace(folder / name)
        return name

    def find(self, tenant: str, name: str) -> tuple[bytes, str] | None:
        """A photo and its media type, None for an unknown name."""
        digest, _, kind = name.partition(".")
        if kind not in MEDIA or len(digest) != 64 or not digest.isalnum():
            return None
        try:
            return (self._folder(tenant) / name).read_bytes(), MEDIA[kind]
        except OSError:
            return None

    def _folder(self, tenant: str) -> Path:
        # A tenant's name may be anything; a hash of it is a folder's name on every system.
        return self._root / hashlib.sha256(tenant.encode()).hexdigest()[:16]


def _kind(payload: bytes) -> str:
    """By the first bytes: what the sender calls it doesn't matter."""
    if payload.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if payload.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if payload[:4] == b"RIFF" and payload[8:12] == b"WEBP" else ""
