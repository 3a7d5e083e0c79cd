"""What both venues' APIs need: the markets, the chain's tip, faults, and how a call is spoiled by one."""

from collections.abc import Callable
from time import time

import falcon
from attrs import field, frozen
from falcon.asgi import Response
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from simulators.solana import genesis
from simulators.solana.faults import Fault, Faults
from simulators.solana.markets import DEXES, Dex, Offer, address
from simulators.solana.slots import LAST_VALID, Slots
from simulators.solana.swaps import Swaps
from simulators.solana.venues.builds import Build
from simulators.solana.venues.thefts import THEFTS

STRANGER = address("stranger")
WINDOW_SECONDS = 60
MICRO_LAMPORTS = {"m": 10_000, "h": 40_000, "vh": 120_000}  # a compute unit's price: medium, high, very high
_STALE_SLOTS = 2 * LAST_VALID


@frozen
class Desk:
    """The venues' desk. `slot` returns the chain's last one whenever it is asked.

    `calls_a_minute` is what each venue takes; further calls are answered with 429 until its minute is over.
    """

    swaps: Swaps
    slots: Slots
    slot: Callable[[], int]
    faults: Faults
    calls_a_minute: int = 1_000_000
    clock: Callable[[], float] = time
    _calls: dict[str, tuple[int, int]] = field(factory=dict)
    _tables: dict[Dex, AddressLookupTableAccount] = field(init=False)

    @_tables.default
    def _all_tables(self) -> dict[Dex, AddressLookupTableAccount]:
        entries = {dex: list(genesis.table_entries(dex, self.swaps)) for dex in DEXES}
        return {dex: AddressLookupTableAccount(genesis.table_key(dex), entries[dex]) for dex in DEXES}

    def admit(self, venue: str, key: str, resp: Response) -> None:
        """Count a call, and say what is left of the minute. Raises falcon.HTTPTooManyRequests, falcon.HTTPError."""
        minute = int(self.clock()) // WINDOW_SECONDS
        last, made = self._calls.get(venue, (minute, 0))
        made = made + 1 if last == minute else 1
        self._calls[venue] = minute, made
        fault = self.faults.next(f"{venue}:{key}", Fault.LIMITED, Fault.ERROR)
        left, resets = self.calls_a_minute - made, (minute + 1) * WINDOW_SECONDS
        said = {"x-ratelimit-remaining": str(left), "x-ratelimit-current": str(made), "x-ratelimit-reset": str(resets)}
        if fault is Fault.LIMITED:  # a short one, so that it spoils calls and not minutes
            left = -1
            said |= {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": str(int(self.clock()) + 1), "retry-after": "1"}
        resp.set_headers(said)
        if left < 0:
            raise falcon.HTTPTooManyRequests(headers=said, description="Rate limit exceeded")
        if fault is Fault.ERROR:
            raise falcon.HTTPServiceUnavailable(headers=said)

    def blockhash(self, slots_to_expiry: int, fault: Fault | None) -> tuple[Hash, int]:
        """Return a blockhash that is taken for so many slots more, and its last valid height; or one that never is."""
        slot = self.slot()
        back = _STALE_SLOTS if fault is Fault.STALE_BLOCKHASH else max(0, LAST_VALID - slots_to_expiry)
        block = self.slots.block(max(self.slots.first + 1, slot - back))
        height = self.slots.last_valid_height(block)
        return self.slots.hash(block), height - LAST_VALID * 2 if fault is Fault.LOW_HEIGHT else height

    def best(self, given: Pubkey, got: Pubkey, amount_in: int, takes: Callable[[Dex], bool]) -> Offer | None:
        """Return the best offer of the venues that `takes` takes."""
        offers = self.swaps.markets.offers(given, got, amount_in, self.slot())
        return next((offer for offer in offers if offer.amount_out > 0 and takes(offer.pool.dex)), None)

    def spoilt(self, build: Build, offer: Offer, fault: Fault | None, key: str) -> Build:
        """Return the build as a venue that means harm, or is broken, has it."""
        match fault:
            case Fault.DRAINED:
                theft = list(THEFTS)[int(self.faults.draw(f"theft:{key}") * len(THEFTS))]
                return build.with_other(*THEFTS[theft](offer, build.payer))
            case Fault.TWO_TRANSACTIONS:
                return build.with_other(build.swap)
        return build

    def transaction(self, build: Build, dex: Dex, more: list[Instruction], fault: Fault | None) -> bytes:
        """Return a build as one unsigned transaction, `more` first."""
        payer = STRANGER if fault is Fault.FOREIGN_FEE_PAYER else build.payer
        blockhash, _ = self.blockhash(LAST_VALID, fault)
        message = MessageV0.try_compile(payer, [*more, *build.instructions], [self.table(dex)], blockhash)
        signatures = [Signature.default()] * message.header.num_required_signatures
        return bytes(VersionedTransaction.populate(message, signatures))

    def table(self, dex: Dex) -> AddressLookupTableAccount:
        """Return a venue's lookup table."""
        return self._tables[dex]
