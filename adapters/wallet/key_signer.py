"""A wallet whose key this process holds."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.wallet.addresses import address_of, verified

SEED_BYTES = 32


class KeySigner:
    """A `Signer` by an Ed25519 key. The key shows in no text of it, and it cannot be copied or pickled."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_bytes = self._key.public_key().public_bytes_raw()
        self.public_key: str = address_of(self.public_bytes)

    async def sign(self, message: bytes) -> bytes:
        return verified(self._key.sign(message), message, self.public_key)

    def __repr__(self) -> str:
        return f"KeySigner({self.public_key})"

    def __reduce__(self) -> str:
        raise TypeError("a wallet's key stays where it is")
