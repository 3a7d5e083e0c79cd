"""Secrets at rest: AES-256-GCM, bound to what they are the secret of."""

import secrets

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = b"\x01"
_NONCE_BYTES = 12


@frozen
class SealedSecrets:
    """Seals and opens with a key of 32 bytes."""

    key: bytes = field(repr=False)

    def seal(self, secret: str, owner: str) -> bytes:
        """Return the secret encrypted, each time otherwise; it opens for this owner alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + AESGCM(self.key).encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str | None:
        """Return the secret; None for what was sealed with another key, for another owner, or was changed."""
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if not sealed.startswith(_FORMAT):
            return None
        try:
            return AESGCM(self.key).decrypt(nonce, rest, owner.encode()).decode()
        except (InvalidTag, ValueError):
            return None
