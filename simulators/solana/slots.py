"""The chain's clockwork: slots, the blocks in them, their heights and hashes; all a pure function of seed and forks."""

from hashlib import blake2b
from itertools import count
from typing import ClassVar

from attrs import field, frozen
from solders.hash import Hash

# Blockhashes of this many blocks are taken, the newest included: one at height h until h + 150.
LAST_VALID = 150
CONFIRMED_AFTER = 2
FINALIZED_AFTER = 32
# One slot of so many has no block, so heights fall behind slots, as on any real cluster.
_SKIPS_ONE_OF = 20


@frozen
class Slots:
    """Which slots have blocks, and what they are called.

    A `fork` from a slot replaces the blocks of that slot and all later ones by others at the same heights.
    """

    seed: int
    forks: list[int] = field(factory=list)
    first: ClassVar[int] = 300_000_000
    _first_height: ClassVar[int] = 278_000_000

    def block(self, slot: int) -> int:
        """Return the last slot up to this one that has a block."""
        return next(at for at in count(slot, -1) if not self._skipped(at))

    def next_block(self, slot: int) -> int:
        """Return the first slot from this one on that has a block."""
        return next(at for at in count(slot) if not self._skipped(at))

    def height(self, slot: int) -> int:
        """Return how many blocks there are up to this slot."""
        group, place = divmod(slot - self.first, _SKIPS_ONE_OF)
        return self._first_height + group * (_SKIPS_ONE_OF - 1) + place + 1 - (place >= self._skip_in(group))

    def hash(self, slot: int) -> Hash:
        """Return the hash of this slot's block. It begins with the slot, so that a hash says where it is from."""
        version = sum(fork <= slot for fork in self.forks)
        rest = blake2b(f"{self.seed}:{slot}:{version}".encode(), digest_size=24).digest()
        return Hash(slot.to_bytes(8, "big") + rest)

    def last_valid_height(self, slot: int) -> int:
        """Return the height of the last block that takes transactions with this slot's blockhash."""
        return self.height(slot) + LAST_VALID

    def is_valid(self, blockhash: Hash, at: int) -> bool:
        """Return whether the block of slot `at` takes transactions with this blockhash."""
        slot = int.from_bytes(bytes(blockhash)[:8], "big")
        known = self.first <= slot <= at and not self._skipped(slot) and self.hash(slot) == blockhash
        return known and self.height(at) <= self.last_valid_height(slot)

    def _skipped(self, slot: int) -> bool:
        group, place = divmod(slot - self.first, _SKIPS_ONE_OF)
        return place == self._skip_in(group)

    def _skip_in(self, group: int) -> int:
        return blake2b(f"{self.seed}:skip:{group}".encode(), digest_size=1).digest()[0] % _SKIPS_ONE_OF
