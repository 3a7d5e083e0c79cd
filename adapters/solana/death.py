"""The proof that a transaction can never land, or failed for good: by nodes' own words, never by a clock."""

from collections.abc import Sequence

from adapters.solana.answers import Commitment, Seen
from adapters.solana.node import VALID_BLOCKS, SolanaNode
from adapters.solana.payload import SignedSwap
from application.ports.errors import VenueUnavailable

# Two nodes have to say the same, when two are named.
WITNESSES = 2


class Dead:
    """It can never land."""


async def sought_at(node: SolanaNode, signed: SignedSwap) -> Seen | Dead:
    """Return what one node has seen of a transaction, or that it is dead as far as this node says.

    DEAD takes, in this order: its last valid height is finalized behind it; nobody has seen it at that slot or later,
    all history searched; and that history begins before it was signed. Raises VenueUnavailable, also for a node whose
    height is its slot: to one that takes slots for heights what still can land is long dead.
    Nor is one believed that is of another chain, as settings may have changed, nor one whose heights are further on in
    their slots than the last valid height was in its own: slots without a block only become more, so one is wrong.
    """
    at = await node.epoch_info()
    if at.block_height >= at.absolute_slot:
        raise VenueUnavailable("a node takes slots for heights")
    seen = await node.status(signed.signature)
    if seen.status is not None or at.block_height <= signed.last_valid_height:
        return seen
    if seen.context_slot < at.absolute_slot:
        raise VenueUnavailable("a node knows less than it has finalized")
    if at.absolute_slot - at.block_height < signed.slot - (signed.last_valid_height - VALID_BLOCKS):
        raise VenueUnavailable("a node's heights do not go with the height that this was signed for")
    if signed.genesis and await node.genesis() != signed.genesis:
        raise VenueUnavailable("a node is of another chain than this was signed for")
    if await node.first_slot() > signed.slot:
        raise VenueUnavailable("a node's history does not go back to when it was signed")
    return Dead()


async def sought(nodes: Sequence[SolanaNode], signed: SignedSwap) -> Seen | Dead:
    """Return what the nodes have seen of a transaction, or that it is proven dead: by two of them, if two are named.

    Raises VenueUnavailable when too few answer, or when they disagree: what one of them calls dead is alive only when
    another has it finalized.
    """
    dead: list[Dead] = []
    failure: VenueUnavailable | None = None
    for node in nodes:
        try:
            found = await sought_at(node, signed)
        except VenueUnavailable as error:
            failure = error
            continue
        if isinstance(found, Dead):
            dead.append(found)
            if len(dead) == min(WITNESSES, len(nodes)):
                return found
        elif not dead or found.status is Commitment.FINALIZED:
            return found
        else:
            failure = VenueUnavailable("the nodes disagree")
    raise failure or VenueUnavailable("too few nodes answer")


async def require_failed(nodes: Sequence[SolanaNode], signed: SignedSwap) -> None:
    """Raise VenueUnavailable unless nodes have finalized that it failed: two of them, if two are named.

    What one of them alone calls failed could land beside the next attempt, as what it alone calls dead.
    """
    failed = 0
    for node in nodes:
        try:
            seen = await node.status(signed.signature)
        except VenueUnavailable:
            continue
        failed += seen.status is Commitment.FINALIZED and seen.err is not None
        if failed == min(WITNESSES, len(nodes)):
            return
    raise VenueUnavailable("too few nodes have finalized that it failed")
