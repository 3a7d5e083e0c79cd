"""Who signs for a wallet: its key is in a file, or in a machine that never gives it away."""

from typing import Protocol


class Signer(Protocol):
    """One wallet's signer."""

    @property
    def public_key(self) -> str:
        """The wallet's address on its chain, as text."""
        ...

    async def sign(self, message: bytes) -> bytes:
        """Sign a message (on Solana: Ed25519, 64 bytes). Raises SignerUnavailable within a bounded time."""
        ...


class Wallets(Protocol):
    """The wallets that pay, by who the order is from."""

    def of(self, user_id: str) -> Signer:
        """Return the signer of the wallet that pays for this user's orders. Raises SignerUnavailable for none."""
        ...

    def named(self, public_key: str) -> Signer:
        """Return the signer of this wallet. Raises SignerUnavailable when it is none of ours."""
        ...
