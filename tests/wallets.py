"""Wallets for tests: keys that anybody may know, and files of them."""

from pathlib import Path

from solders.keypair import Keypair

from adapters.wallet.key_signer import KeySigner

PASSPHRASE = b"correct horse battery"


def a_seed(number: int = 1) -> bytes:
    """Return the secret of a wallet that is the same in each run."""
    return number.to_bytes(32, "big")


def a_signer(number: int = 1) -> KeySigner:
    """Return the signer of that wallet."""
    return KeySigner(a_seed(number))


def private(path: Path, content: bytes | str) -> Path:
    """Write a file that is its owner's alone."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return path


def key_file(folder: Path, number: int = 1) -> Path:
    """Write a wallet's key as the chain's keygen does."""
    return private(folder / f"wallet-{number}.json", Keypair.from_seed(a_seed(number)).to_json())
