"""A node of the chain: what it has seen of it, which may be older than the newest, or said wrongly, for a while."""

from attrs import frozen

from simulators.solana.chain import Chain
from simulators.solana.faults import Fault, Faults
from simulators.solana.slots import CONFIRMED_AFTER, FINALIZED_AFTER, LAST_VALID

_WINDOW_SLOTS = 64
_LEAST_BEHIND = 8
_FURTHER_BEHIND = 24

BEHIND_BY = {"processed": 0, "confirmed": CONFIRMED_AFTER, "finalized": FINALIZED_AFTER}


@frozen
class View:
    """The chain as a node sees it in one answer: up to the slot `processed`, `behind` that of the cluster.

    One that takes slots for heights may do so wherever it says a height, or not where it gives a blockhash.
    """

    chain: Chain
    processed: int
    behind: int = 0
    slot_as_height: bool = False
    everywhere: bool = False

    def slot(self, commitment: str) -> int:
        """Return the newest slot with a block of this commitment."""
        return self.chain.slots.block(max(self.chain.slots.first, self.processed - BEHIND_BY[commitment]))

    def height(self, commitment: str) -> int:
        """Return that block's height, or what the node takes for it."""
        slot = self.slot(commitment)
        return slot if self.slot_as_height else self.chain.slots.height(slot)

    def last_valid_height(self, slot: int) -> int:
        """Return until which height this slot's blockhash is taken, as far as the node knows."""
        if self.slot_as_height and self.everywhere:
            return slot + LAST_VALID
        return self.chain.slots.last_valid_height(slot)

    def commitment(self, slot: int) -> str | None:
        """Return how sure the block of a slot is; None when this node has not seen it."""
        found = [name for name in BEHIND_BY if slot <= self.processed - BEHIND_BY[name]]
        return found[-1] if found else None


@frozen
class Node:
    """A node by its `name`; its faults last for some slots, and are its own."""

    name: str
    chain: Chain
    faults: Faults

    def view(self) -> View:
        """Return what the node sees now."""
        tip = self.chain.advance()
        window = f"node:{self.name}:{tip // _WINDOW_SLOTS}"
        fault = self.faults.of(window, Fault.BEHIND, Fault.SLOT_AS_HEIGHT)
        lag = _LEAST_BEHIND + int(self.faults.draw(f"{window}:lag") * _FURTHER_BEHIND)
        behind = lag if fault is Fault.BEHIND else 0
        seen = max(self.chain.slots.first, tip - behind)
        everywhere = self.faults.draw(f"{window}:everywhere") < 0.5
        return View(self.chain, seen, behind, fault is Fault.SLOT_AS_HEIGHT, everywhere)
