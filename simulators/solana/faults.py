"""What goes wrong on the chain and at its venues, and when: a pure function of the seed, the thing, and how often."""

from collections import OrderedDict
from collections.abc import Collection
from enum import StrEnum
from hashlib import blake2b

REMEMBERED = 100_000


class Fault(StrEnum):
    """One way in which the outside world fails."""

    # Of transactions: relayed and never seen again; landed, and who sent it hears nothing; lands long after; is undone.
    DROPPED = "dropped"
    LOST_REPLY = "lost_reply"
    LATE = "late"
    FORK = "fork"
    # Of a node, for a while: it knows only an older slot; it says its slot where its block height is asked for.
    BEHIND = "behind"
    SLOT_AS_HEIGHT = "slot_as_height"
    # Of any call: 429, and 5xx before or after its work.
    LIMITED = "limited"
    ERROR = "error"
    # Of the venues: less than was quoted; less in the bytes than was quoted; builds that nobody may sign or can land.
    WORSE_QUOTE = "worse_quote"
    LOW_MIN_OUT = "low_min_out"
    TWO_TRANSACTIONS = "two_transactions"
    FOREIGN_FEE_PAYER = "foreign_fee_payer"
    DRAINED = "drained"
    STALE_BLOCKHASH = "stale_blockhash"
    LOW_HEIGHT = "low_height"


class Faults:
    """Spoils the share `rate` (0 to 1) of all that can be spoiled with one of `kinds`; the same with the same seed."""

    def __init__(self, seed: int, rate: float, kinds: Collection[str]) -> None:
        self._seed = seed
        self._rate = rate
        self._kinds = frozenset(kinds)
        self._asked: OrderedDict[str, int] = OrderedDict()

    def next(self, key: str, *possible: Fault) -> Fault | None:
        """Return the fault of this call about `key`, None for most; a call that is made again has another chance."""
        times = self._asked[key] = self._asked.pop(key, 0) + 1
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        return self.of(f"{key}:{times}", *possible)

    def of(self, key: str, *possible: Fault) -> Fault | None:
        """Return the fault of `key`, the same whenever it is asked."""
        kinds = [fault for fault in possible if fault in self._kinds]
        if not kinds or self.draw(key) >= self._rate:
            return None
        return kinds[int(self.draw(f"{key}:kind") * len(kinds))]

    def share(self, fault: Fault) -> float:
        """Return which share of all that can be spoiled this fault may spoil."""
        return self._rate if fault in self._kinds else 0.0

    def draw(self, what: str) -> float:
        """Return a number from 0 to below 1 that `what` and the seed decide."""
        digest = blake2b(f"{self._seed}:{what}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest) >> 11) / (1 << 53)
