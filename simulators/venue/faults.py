"""What goes wrong at a venue, and when: a pure function of the seed, the call, and how often it was made."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

REMEMBERED = 100_000


class Fault(StrEnum):
    """One way to spoil a call. `Before` and `after` mean: before or after the work, such as accepting, was done."""

    SLOW = "slow"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    LOST_REPLY = "lost_reply"
    DUPLICATE = "duplicate"
    REJECTION = "rejection"


class Harm(StrEnum):
    """One way to answer that only a venue has which means harm; the work itself is done as ever."""

    LOW_FILL = "low_fill"
    OTHER_HASH = "other_hash"
    OTHER_ORDER = "other_order"
    SHARED_HASH = "shared_hash"
    PACKED = "packed"
    FLOOD = "flood"


Spoilt = Fault | Harm


class Call(StrEnum):
    """What a client can ask of a venue."""

    QUOTE = "quote"
    BUILD = "build"
    SUBMIT = "submit"
    LOOKUP = "lookup"


_F = Fault
_QUESTION = frozenset({_F.SLOW, _F.ERROR_BEFORE, _F.TIMEOUT_BEFORE, _F.LOST_REPLY})
# A rejection is the transaction's own, whoever asks and however often: see `Faults.rejects`.
_ANY_ANSWER = frozenset({Harm.PACKED, Harm.FLOOD})
_POSSIBLE: Mapping[Call, frozenset[Spoilt]] = MappingProxyType(
    {
        Call.QUOTE: _QUESTION | _ANY_ANSWER,
        Call.BUILD: _QUESTION | _ANY_ANSWER | {Harm.SHARED_HASH},
        Call.LOOKUP: _QUESTION | _ANY_ANSWER,
        Call.SUBMIT: frozenset(Fault) - {_F.REJECTION} | frozenset(Harm) - {Harm.SHARED_HASH},
    }
)


class Faults:
    """Spoils the share `rate` (0 to 1) of all calls with one of `kinds`; the same calls with the same seed."""

    def __init__(self, seed: int, rate: float, kinds: Collection[str]) -> None:
        self._seed = seed
        self._rate = rate
        self._kinds: tuple[Spoilt, ...] = tuple(kind for kind in (*Fault, *Harm) if kind in kinds)
        self._made: OrderedDict[str, int] = OrderedDict()

    def next(self, call: Call, key: str) -> Spoilt | None:
        """Count a call about `key` and return its fault, None for most; a call made again has another chance."""
        name = f"{call}:{key}"
        times = self._made[name] = self._made.pop(name, 0) + 1
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)
        possible = [fault for fault in self._kinds if fault in _POSSIBLE[call]]
        if not possible or self._draw(f"{name}:{times}") >= self._rate:
            return None
        return possible[int(self._draw(f"{name}:{times}:kind") * len(possible))]

    def rejects(self, tx_hash: str) -> bool:
        """Return whether this transaction is one that the network refuses for no reason of its own."""
        return Fault.REJECTION in self._kinds and self._draw(f"rejection:{tx_hash}") < self._rate / len(self._kinds)

    def _draw(self, what: str) -> float:
        digest = blake2b(f"{self._seed}:{what}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest) >> 11) / (1 << 53)
