"""VINs at rest: a keyed hash to find a vehicle by, the last four characters to show, and the whole
sealed so that only those who hold the key read it.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.run_files import write_private


@dataclass(frozen=True)
class VinSeal:
    """Hashes, seals and opens VINs of a tenant; without a secret, only the last four are kept.

    Sealing gives the same text for the same VIN (AES-SIV, RFC 5297), so that a row written again is
    the same row. The tenant goes into hash and seal: no VIN can be compared across tenants.
    """

    secret: str = ""

    def hashed(self, tenant: str, vin: str) -> str:
        """What a VIN is found by, "" without a secret."""
        if not self.secret or not vin:
            return ""
        text = f"{tenant}\0{plain(vin)}".encode()
        return hmac.new(self._derived(b"hash", 32), text, hashlib.sha256).hexdigest()[:32]

    def sealed(self, tenant: str, vin: str) -> str:
        """The VIN for those who hold the secret, "" without one."""
        if not self.secret or not vin:
            return ""
        text = plain(vin).encode()
        return base64.b64encode(self._cipher.encrypt(text, [tenant.encode()])).decode()

    def opened(self, tenant: str, sealed: str) -> str:
        """The whole VIN; "" where it was sealed with another secret or for another tenant."""
        if not self.secret or not sealed:
            return ""
        try:
            text = self._cipher.decrypt(base64.b64decode(sealed), [tenant.encode()])
        except (InvalidTag, ValueError):
            return ""
        return text.decode()

    @property
    def fingerprint(self) -> str:
        """Tells secrets apart without giving them away."""
        return self._derived(b"fingerprint", 8).hex() if self.secret else ""

    @cached_property
    def _cipher(self) -> AESSIV:
        return AESSIV(self._derived(b"seal", 64))

    def _derived(self, purpose: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, b"telltale vins", purpose).derive(self.secret.encode())


def plain(vin: str) -> str:
    """A VIN as everybody writes it the same."""
    return vin.strip().upper()


def last4(vin: str) -> str:
    """The part that everyone may see."""
    return plain(vin)[-4:]


def shown(end: str) -> str:
    """The last four as people read them: the rest is not theirs to see."""
    return f"…{end}" if end else ""


def home_secret(home: Path) -> str:
    """The home's own secret, made once and readable by its owner only."""
    path = home / "vin-key"
    if not path.exists():
        made = home / f".vin-key.{os.getpid()}"
        write_private(made, secrets.token_urlsafe(32).encode())
        # A link fails where another process was faster; both then use that one.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text()
