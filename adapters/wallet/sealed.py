"""A key that is sealed: by ChaCha20-Poly1305, whose key scrypt makes of a passphrase."""

import secrets
from pathlib import Path

import msgspec
from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from adapters.wallet.addresses import require_address
from adapters.wallet.key_signer import KeySigner
from adapters.wallet.private_file import BadWallet

FORMAT = "order-engine-sealed-key-1"
# 128 MiB and some 0.4 s a guess.
COST = 2**17
_COST_LEAST, _COST_MOST = 2**14, 2**20
_SALT_BYTES, _NONCE_BYTES = 16, 12


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """The file, as JSON; bytes are in base64."""

    format: str
    address: str
    cost: int
    salt: bytes
    nonce: bytes
    sealed: bytes


@frozen
class SealedKey:
    """A sealed key. Whatever of it is changed, it does not open."""

    _written: _Written

    @property
    def address(self) -> str:
        """The address that it says it is of; proven once it is opened."""
        return self._written.address

    @classmethod
    def read(cls, content: bytes, path: Path) -> "SealedKey":
        """Read a file's content. Raises BadWallet."""
        try:
            written = msgspec.json.decode(content, type=_Written)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise BadWallet(f"{path} is no sealed key that this release knows") from None
        is_cost = _COST_LEAST <= written.cost <= _COST_MOST and written.cost.bit_count() == 1
        if written.format != FORMAT or not is_cost or len(written.nonce) != _NONCE_BYTES:
            raise BadWallet(f"{path} is no sealed key that this release knows")
        require_address(written.address)
        return cls(written)

    def opened(self, passphrase: bytes, path: Path) -> bytes:
        """Return the key's seed. Takes its time. Raises BadWallet."""
        written = self._written
        try:
            seed = _cipher(passphrase, written.salt, written.cost).decrypt(
                written.nonce, written.sealed, _bound(written.address, written.cost, written.salt)
            )
        except InvalidTag:
            raise BadWallet(f"{path} does not open: the passphrase is not its own, or it is damaged") from None
        if KeySigner(seed).public_key != written.address:
            raise BadWallet(f"{path} holds another wallet's key")
        return seed


def seal(seed: bytes, address: str, passphrase: bytes) -> bytes:
    """Return what a file of the sealed key holds."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(passphrase, salt, COST).encrypt(nonce, seed, _bound(address, COST, salt))
    written = _Written(FORMAT, address, COST, salt, nonce, sealed)
    return msgspec.json.format(msgspec.json.encode(written)) + b"\n"


def _cipher(passphrase: bytes, salt: bytes, cost: int) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(Scrypt(salt, length=32, n=cost, r=8, p=1).derive(passphrase))


def _bound(address: str, cost: int, salt: bytes) -> bytes:
    return b"|".join((FORMAT.encode(), address.encode(), b"%d" % cost, salt))
