"""Judges what a venue built."""

from adapters.solana.judge.node import Blockhash, Node
from adapters.solana.judge.wanted import WantedSwap


class Judge:
    """Approves a swap's bytes, or refuses them."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def approved(self, unsigned: bytes, wanted: WantedSwap, blockhash: Blockhash) -> bytes:
        """Return the message to sign: the venue's swap with our blockhash, and no more compute units than it takes.

        Raises UnsafeTransaction for what must not be signed, SimulationFailed when the chain would refuse it, and
        VenueUnavailable when the node does not answer.
        """
        raise NotImplementedError
