"""A wallet's address is its public key; what it signed is checked with that alone."""

from solders.pubkey import Pubkey
from solders.signature import Signature

from adapters.wallet.private_file import BadWallet
from application.ports.errors import SignerUnavailable

SIGNATURE_BYTES = 64


def address_of(public: bytes) -> str:
    """Return the address of a public key of 32 bytes."""
    return str(Pubkey.from_bytes(public))


def require_address(text: str) -> str:
    """Return an address. Raises BadWallet for what is none, without quoting it: it may be a key."""
    try:
        return str(Pubkey.from_string(text))
    except ValueError:
        raise BadWallet("an address must be 32 bytes in base58") from None


def verified(signature: bytes, message: bytes, address: str) -> bytes:
    """Return a signature that the chain will take for this wallet's. Raises SignerUnavailable for any other."""
    if len(signature) != SIGNATURE_BYTES or not Signature(signature).verify(Pubkey.from_string(address), message):
        raise SignerUnavailable(f"what was signed for {address} is not signed by it")
    return signature
