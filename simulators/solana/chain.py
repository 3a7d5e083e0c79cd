"""The chain: what was sent waits for a block, lands once, and may be undone by a fork until it is final."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count, takewhile
from typing import Any

from attrs import field, frozen
from solders.account import Account
from solders.pubkey import Pubkey

from simulators.solana.decoding import Decoded
from simulators.solana.faults import Fault, Faults
from simulators.solana.gifts import Gift, given, held_in
from simulators.solana.ledger import Entry, Ledger
from simulators.solana.machine import Accounts, Machine, Outcome
from simulators.solana.meta import meta
from simulators.solana.slots import CONFIRMED_AFTER, FINALIZED_AFTER, Slots
from simulators.solana.token_accounts import holding

# How far back an account can be read: what is final, as a node sees it that is a little behind.
_KEPT_SLOTS = FINALIZED_AFTER * 2
_LATEST_SLOTS = 200  # a late one may miss the last block that takes its blockhash
_RECENT_SLOTS = 300


@frozen
class Landed:
    """A transaction that a block has."""

    signature: str
    slot: int
    meta: Mapping[str, Any]


@frozen
class _Change:
    """What one block changed, in the order in which it did, with what to do again after a fork."""

    slot: int
    before: Accounts
    what: Decoded | Gift
    made: Mapping[str, int] = field(factory=dict)


class Chain:
    """The chain, as of `clock` (Unix seconds) whenever it is asked: nothing runs in between.

    Every question begins with `advance`, which takes the chain to the slot of now. A process that was killed goes on
    with the same accounts and signatures; what waited for a block then is lost, as with any node.
    """

    def __init__(
        self, machine: Machine, slots: Slots, ledger: Ledger, faults: Faults, clock: Callable[[], float], slot_ms: int
    ) -> None:
        self._machine = machine
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._slot_seconds = slot_ms / 1000
        self.slots = slots
        self.tip = slots.first
        self._started_at = 0.0
        self._waiting: dict[str, Decoded] = {}
        self._forking: set[str] = set()
        self._events: list[tuple[int, int, str | int]] = []
        self._numbers = count()
        self._changes: list[_Change] = []
        self._recent: dict[str, Landed] = {}

    def open(self, genesis: Callable[[], Mapping[Pubkey, Account]]) -> None:
        """Go on from the ledger, or begin with the accounts of `genesis`."""
        started_at = self._ledger.started_at()
        self._started_at = self._clock() if started_at is None else started_at
        if started_at is None:
            with self._ledger.writing():
                self._ledger.begin(self._started_at)
                self._begin(genesis())
        self.slots.forks.extend(self._ledger.forks())
        self._machine.put(dict(self._ledger.accounts()))
        self.tip = self._slot_of_now()

    def advance(self) -> int:
        """Make all blocks up to now, and return the last slot."""
        tip = self._slot_of_now()
        if self._events and self._events[0][0] <= tip:
            with self._ledger.writing():
                while self._events and self._events[0][0] <= tip:
                    slot, _, what = heappop(self._events)
                    if isinstance(what, int):
                        self._fork(what, slot)
                    else:
                        self._land(what, slot)
        self.tip = tip
        self._forget(tip)
        return tip

    def receive(self, transaction: Decoded, fault: Fault | None = None) -> None:
        """Take a transaction to the next blocks; one that is known already only counts as delivered again."""
        signature = str(transaction.signature)
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat()
        with self._ledger.writing():
            self._ledger.receive(signature, str(transaction.payer), transaction.raw, at)
        if fault is Fault.DROPPED or signature in self._waiting or self.landed(signature) is not None:
            return
        if fault is Fault.FORK:
            self._forking.add(signature)
        late = _LATEST_SLOTS if fault is Fault.LATE else 1
        self._wait(transaction, 1 + int(self._faults.draw(f"wait:{signature}") * late))

    def landed(self, signature: str, *, history: bool = True) -> Landed | None:
        """Return what a block has under this signature; without `history` only of the last 300 slots."""
        found = self._recent.get(signature)
        if found is None and history:
            entry = self._ledger.find(signature)
            if entry is not None and entry.slot is not None and entry.meta is not None:
                return Landed(signature, entry.slot, entry.meta)
        return found

    def entry(self, signature: str) -> Entry | None:
        """Return what the ledger holds of this signature."""
        return self._ledger.find(signature)

    def account(self, key: Pubkey, slot: int) -> Account | None:
        """Return an account as it was after this slot, at most 64 back."""
        account = self._machine.account(key)
        for change in self._since(slot):
            if key in change.before:
                account = change.before[key]
        return account

    def simulate(self, transaction: Decoded, slot: int) -> Outcome:
        """Run it over the accounts as they were after this slot, and undo that."""
        accounts: dict[Pubkey, Account | None] = {}
        for change in self._since(slot):
            accounts |= change.before
        return self._machine.simulate(transaction, slot, accounts)

    def give(self, gift: Gift) -> None:
        """Make lamports or tokens from nothing, at once; a token account that is missing is made. Raises KeyError."""
        if gift.mint is not None and self._machine.account(gift.mint) is None:
            raise KeyError(str(gift.mint))
        with self._ledger.writing():
            self._give(gift, self.tip)

    def draw(self, what: str) -> float:
        """Return a number from 0 to below 1 that `what` and the seed decide."""
        return self._faults.draw(what)

    def time_of(self, slot: int) -> int:
        """Return when a slot's block was made, in Unix seconds."""
        return int(self._started_at + (slot - self.slots.first) * self._slot_seconds)

    def rent(self, size: int) -> int:
        """Return the lamports that an account of this size must have."""
        return self._machine.rent(size)

    def holdings(self, owner: Pubkey, slot: int) -> Iterable[tuple[Pubkey, Account]]:
        """Yield the token accounts of an owner."""
        for key, _ in self._ledger.accounts():
            account = self.account(key, slot)
            held = holding(account)
            if account is not None and held is not None and held.owner == owner:
                yield key, account

    def _since(self, slot: int) -> Iterator[_Change]:
        """Yield what was changed after a slot, the last change first."""
        return takewhile(lambda change: change.slot > slot, reversed(self._changes))

    def _begin(self, accounts: Mapping[Pubkey, Account]) -> None:
        self._ledger.put(accounts)
        for token, amount in held_in(accounts).items():
            self._ledger.make(token, amount)

    def _slot_of_now(self) -> int:
        now = self.slots.first + int((self._clock() - self._started_at) / self._slot_seconds)
        return max(self.tip, now)

    def _wait(self, transaction: Decoded, slots: int) -> None:
        signature = str(transaction.signature)
        self._waiting[signature] = transaction
        self._plan(self.slots.next_block(self.tip + slots), signature)

    def _plan(self, slot: int, what: str | int) -> None:
        heappush(self._events, (slot, next(self._numbers), what))

    def _land(self, signature: str, slot: int) -> None:
        transaction = self._waiting.pop(signature)
        if not self.slots.is_valid(transaction.blockhash, slot):
            return
        outcome = self._machine.run(transaction, slot)
        if not outcome.lands:
            return
        record = meta(transaction, outcome, self._machine.account)
        self._ledger.put(outcome.after)
        self._ledger.end(signature, slot, record)
        self._changes.append(_Change(slot, outcome.before, transaction))
        self._recent[signature] = Landed(signature, slot, record)
        if signature in self._forking:
            self._forking.remove(signature)
            wait = CONFIRMED_AFTER + int(
                self._faults.draw(f"fork:{signature}") * (FINALIZED_AFTER - CONFIRMED_AFTER - 2)
            )
            self._plan(slot + 1 + wait, slot)

    def _fork(self, start: int, tip: int) -> None:
        """Undo the blocks from `start` on. Half of what was in them lands again by itself, unless it is too late."""
        undone = [change for change in self._changes if change.slot >= start]
        del self._changes[len(self._changes) - len(undone) :]
        for change in reversed(undone):
            self._put(change.before)
            for token, amount in change.made.items():
                self._ledger.make(token, -amount)
        self.slots.forks.append(start)
        self._ledger.fork(start)
        self.tip = tip
        for change in undone:
            self._redo(change.what)

    def _redo(self, what: Decoded | Gift) -> None:
        if isinstance(what, Gift):
            self._give(what, self.tip)
            return
        signature = str(what.signature)
        del self._recent[signature]
        self._ledger.undo(signature)
        if self._faults.draw(f"again:{signature}:{len(self.slots.forks)}") < 0.5:
            self._wait(what, 1)

    def _give(self, gift: Gift, slot: int) -> None:
        before, after = given(gift, self._machine)
        self._put(after)
        had, has = held_in(before), held_in(after)
        made = {token: amount - had.get(token, 0) for token, amount in has.items()}
        for token, amount in made.items():
            self._ledger.make(token, amount)
        self._changes.append(_Change(slot, before, gift, made))

    def _put(self, accounts: Accounts) -> None:
        self._machine.put(accounts)
        self._ledger.put(accounts)

    def _forget(self, tip: int) -> None:
        while self._changes and self._changes[0].slot < tip - _KEPT_SLOTS:
            del self._changes[0]
        while self._recent and (oldest := next(iter(self._recent.values()))).slot < tip - _RECENT_SLOTS:
            del self._recent[oldest.signature]
