"""A wallet's key in a file: as the chain's keygen writes it, a JSON list of 64 numbers, or sealed by a passphrase."""

import re
import secrets
from pathlib import Path

from attrs import field, frozen

from adapters.wallet.key_signer import SEED_BYTES, KeySigner
from adapters.wallet.private_file import BadWallet, read_private, write_private
from adapters.wallet.sealed import SealedKey, seal

_FILE_BYTES = 4096
_PASSPHRASE_LEAST, _PASSPHRASE_MOST = 12, 1024
# By a pattern, since an error of a JSON reader holds all that it was given.
_KEYGEN = re.compile(rb"\s*\[\s*\d{1,3}(?:\s*,\s*\d{1,3}){63}\s*\]\s*")


@frozen
class KeyFile:
    """What a key file holds: a key, or one that only its passphrase opens. `address` of the latter is not proven."""

    path: Path
    address: str
    seed: bytes | None = field(repr=False)
    sealed: SealedKey | None = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Read a file. Raises BadWallet."""
        content = read_private(path, _FILE_BYTES)
        if content.lstrip().startswith(b"{"):
            sealed = SealedKey.read(content, path)
            return cls(path, sealed.address, None, sealed)
        seed = _seed_of(content, path)
        return cls(path, KeySigner(seed).public_key, seed, None)

    def signer(self, passphrase: bytes | None) -> KeySigner:
        """Return the wallet's signer; a plain key needs no passphrase. Takes its time. Raises BadWallet."""
        if self.sealed is None:
            return KeySigner(self.seed or b"")
        if passphrase is None:
            raise BadWallet(f"{self.path} is sealed, and no passphrase file is given")
        return KeySigner(self.sealed.opened(passphrase, self.path))


def new_key_file(path: Path, passphrase: bytes | None) -> str:
    """Make a new wallet and return its address; with a passphrase its key is sealed. Raises BadWallet."""
    return _write(path, secrets.token_bytes(SEED_BYTES), passphrase)


def seal_key_file(plain: Path, target: Path, passphrase: bytes) -> str:
    """Write a plain key file's key sealed to a new file, and return its address; the plain one stays. As above."""
    found = KeyFile.read(plain)
    if found.seed is None:
        raise BadWallet(f"{plain} is sealed already")
    return _write(target, found.seed, passphrase)


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file, without the line breaks at its end. Raises BadWallet."""
    content = read_private(path, _PASSPHRASE_MOST).rstrip(b"\r\n")
    if len(content) < _PASSPHRASE_LEAST:
        raise BadWallet(f"{path} must hold a passphrase of {_PASSPHRASE_LEAST} bytes or more")
    return content


def _write(path: Path, seed: bytes, passphrase: bytes | None) -> str:
    address = KeySigner(seed).public_key
    write_private(path, _keygen(seed) if passphrase is None else seal(seed, address, passphrase))
    return address


def _keygen(seed: bytes) -> bytes:
    public = KeySigner(seed).public_bytes
    return b"[%s]\n" % b",".join(b"%d" % number for number in seed + public)


def _seed_of(content: bytes, path: Path) -> bytes:
    numbers = [int(number) for number in re.findall(rb"\d+", content)] if _KEYGEN.fullmatch(content) else []
    if not numbers or max(numbers) > 255:
        raise BadWallet(f"{path} is neither a list of 64 numbers, as keygen writes it, nor a sealed key")
    seed, public = bytes(numbers[:SEED_BYTES]), bytes(numbers[SEED_BYTES:])
    if KeySigner(seed).public_bytes != public:
        raise BadWallet(f"{path} is damaged: its public half is not of its secret one")
    return seed
