"""What each instruction of a build may be: the swap, what prepares it, and what tidies up after it. Nothing else.

Accounts and data are those of the programs' own sources: system, token, associated token account, compute budget.
"""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from attrs import define, field, frozen
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from adapters.solana.judge.message import Build, Call
from adapters.solana.judge.programs import ASSOCIATED, COMPUTE_BUDGET, SOL, SYSTEM, TOKEN, TOKEN_PROGRAMS
from adapters.solana.judge.swaps import EncodedSwap, encoded
from adapters.solana.judge.wanted import UnsafeTransaction, WantedSwap

# Each has a rent, which the wallet gets back only when it closes the account.
MOST_NEW_ACCOUNTS = 4
TOKEN_ACCOUNT_BYTES = 165
# What such an account must hold not to be taken away.
TOKEN_ACCOUNT_RENT = 2_039_280
MOST_UNITS = 1_400_000


@frozen
class Reviewed:
    """A build whose every instruction is known: its swap, what it pays for, and the accounts of ours that it names.

    `swap_at` and `units_at` are the places of the swap and of what limits the compute units; `unit_price` is in
    millionths of a lamport.
    """

    swap_at: int
    swap: EncodedSwap
    units_at: int
    units: int
    unit_price: int
    own: frozenset[Pubkey]

    def priority_lamports(self, units: int) -> int:
        """Return the priority fee that so many units cost."""
        return -(-units * self.unit_price // 1_000_000)


def reviewed(build: Build, wanted: WantedSwap) -> Reviewed:
    """Return what the build is. Raises UnsafeTransaction for the first instruction that a swap does not need."""
    review = _Review(wanted)
    for at, call in enumerate(build.calls):
        rule = _RULES.get(call.program)
        if rule is not None:
            rule(review, at, call)
            continue
        swap = encoded(call, wanted.min_out)
        if swap is None:
            raise UnsafeTransaction(f"it calls {call.program}, which is not known")
        review.take(at, swap)
    return review.done()


@define
class _Review:
    wanted: WantedSwap
    swap: tuple[int, EncodedSwap] | None = None
    units: tuple[int, int] | None = None
    unit_price: int | None = None
    made: set[Pubkey] = field(factory=set)
    seeded: set[Pubkey] = field(factory=set)
    initialized: set[Pubkey] = field(factory=set)
    closed: set[Pubkey] = field(factory=set)
    lamports: int = 0

    @property
    def wallet(self) -> Pubkey:
        return Pubkey.from_string(self.wanted.wallet)

    def own(self, mint: Pubkey, program: Pubkey) -> Pubkey:
        """Return the wallet's account of a token."""
        return get_associated_token_address(self.wallet, mint, program)

    @property
    def wrapped(self) -> set[Pubkey]:
        """Where the wallet's wrapped SOL may be: its own account, and those that this transaction makes and closes."""
        return {self.own(SOL, TOKEN), *self.seeded}

    def places_of(self, mint: Pubkey, program: str | None) -> set[Pubkey]:
        """Return where the wallet may have a token of the swap."""
        own = self.own(mint, TOKEN if program is None else Pubkey.from_string(program))
        return {own} | (self.wrapped if mint == SOL else set())

    def take(self, at: int, swap: EncodedSwap) -> None:
        """Hold a swap against the order."""
        given, got = Pubkey.from_string(self.wanted.input.address), Pubkey.from_string(self.wanted.output.address)
        _must(self.swap is None, "it swaps twice")
        _must(swap.owner == self.wallet, "its swap is another wallet's")
        _must(swap.source in self.places_of(given, self.wanted.input.program), "its swap gives from elsewhere")
        _must(swap.destination in self.places_of(got, self.wanted.output.program), "its swap's output goes elsewhere")
        _must(swap.mints[0] in (None, given) and swap.mints[1] in (None, got), "it swaps other tokens")
        _must(swap.amount_in == self.wanted.amount_in, f"it gives {swap.amount_in}, not {self.wanted.amount_in}")
        _must(swap.min_out >= self.wanted.min_out, f"it takes {swap.min_out}, not {self.wanted.min_out} at least")
        self.swap = (at, swap)

    def done(self) -> Reviewed:
        """Return what was found, when it is whole."""
        if self.swap is None:
            raise UnsafeTransaction("it does not swap")
        if self.units is None:
            raise UnsafeTransaction("it does not limit its compute units")
        _must(self.seeded <= self.initialized & self.closed, "an account that it makes stays open")
        _must(len(self.made) <= MOST_NEW_ACCOUNTS, f"it makes {len(self.made)} accounts")
        _must(len(self.seeded) <= 1, "it makes two accounts for wrapped SOL")
        given = self.wanted.amount_in if self.wanted.input.address == str(SOL) else 0
        most = given + TOKEN_ACCOUNT_RENT * len(self.seeded)
        _must(self.lamports <= most, f"it moves {self.lamports} lamports, of {most}")
        at, swap = self.swap
        own = frozenset({swap.source, swap.destination, *self.made, *self.wrapped})
        return Reviewed(at, swap, *self.units, self.unit_price or 0, own)


def _budget(review: _Review, at: int, call: Call) -> None:
    match call.data[:1], len(call.data):
        case b"\x02", 5:
            _must(review.units is None, "it limits its compute units twice")
            review.units = at, min(int.from_bytes(call.data[1:], "little"), MOST_UNITS)
        case b"\x03", 9:
            _must(review.unit_price is None, "it prices its compute units twice")
            review.unit_price = int.from_bytes(call.data[1:], "little")
        case _:
            raise _unknown(call)


def _associated(review: _Review, _: int, call: Call) -> None:
    """Check that it makes the wallet's own account of a token, unless it is there."""
    if call.data not in (b"", b"\x00", b"\x01") or len(call.accounts) not in (6, 7):
        raise _unknown(call)
    payer, account, owner, mint, system, program = call.accounts[:6]
    _must(payer == review.wallet and system == SYSTEM, "another pays for an account, or is named as system")
    _must(program in TOKEN_PROGRAMS, "an account's token program is none")
    _must(owner == review.wallet and account == review.own(mint, program), "it makes an account for another")
    review.made.add(account)


def _system(review: _Review, _: int, call: Call) -> None:
    """Check that lamports go into the wallet's own wrapped SOL, or with an account that is made for it."""
    kind = call.data[:4]
    if kind == b"\x02\0\0\0" and len(call.data) == 12 and len(call.accounts) == 2:
        _must(call.accounts[0] == review.wallet, "lamports are not ours")
        _must(call.accounts[1] in review.wrapped, f"lamports go to {call.accounts[1]}")
        review.lamports += int.from_bytes(call.data[4:], "little")
    elif kind == b"\x03\0\0\0":
        _seeded(review, call)
    else:
        raise _unknown(call)


def _seeded(review: _Review, call: Call) -> None:
    """Check that it makes an account whose address comes of the wallet's and a word: so nobody else can have it."""
    try:
        base, length = struct.unpack_from("<32sQ", call.data, 4)
        seed, lamports, space, owner = struct.unpack_from(f"<{length}sQQ32s", call.data, 44)
        derived = Pubkey.create_with_seed(review.wallet, seed.decode(), TOKEN)
    except (struct.error, ValueError, OverflowError) as error:
        raise _unknown(call) from error
    _must(len(call.accounts) in (2, 3) and call.accounts[0] == review.wallet, "another pays for an account")
    _must(base == bytes(review.wallet) and call.accounts[1] == derived, "it makes an account for another")
    _must(owner == bytes(TOKEN) and space == TOKEN_ACCOUNT_BYTES, "it makes an account that is no token account")
    review.seeded.add(derived)
    review.lamports += lamports


def _token(review: _Review, _: int, call: Call) -> None:
    """Check that wrapped SOL is counted anew, or its account begun, or closed to the wallet: no token moves here."""
    keys, wallet = call.accounts, review.wallet
    match call.data[:1]:
        case b"\x11" if len(call.data) == 1 and len(keys) == 1:
            _must(keys[0] in review.wrapped, "it counts what is not our wrapped SOL")
        case b"\x09" if len(call.data) == 1 and len(keys) == 3:
            _must(keys[0] in review.wrapped, f"it closes {keys[0]}")
            _must(keys[1:] == (wallet, wallet), "it closes an account to another")
            review.closed.add(keys[0])
        case b"\x01" if len(call.data) == 1 and len(keys) == 4:
            _must(keys[0] in review.seeded and keys[1:3] == (SOL, wallet), "it begins an account for another")
            review.initialized.add(keys[0])
        case b"\x12" if len(call.data) == 33 and len(keys) == 2:
            _must(keys[0] in review.seeded and keys[1] == SOL, "it begins an account for another")
            _must(call.data[1:] == bytes(wallet), "it begins an account for another")
            review.initialized.add(keys[0])
        case _:
            raise _unknown(call)


def _must(so: bool, why: str) -> None:
    if not so:
        raise UnsafeTransaction(why)


def _unknown(call: Call) -> UnsafeTransaction:
    return UnsafeTransaction(f"an instruction of {call.program} is not known: {call.data[:8].hex()}")


# The newer token program has nothing to do here: SOL is wrapped by the older one.
_RULES: Mapping[Pubkey, Callable[[_Review, int, Call], None]] = MappingProxyType(
    {COMPUTE_BUDGET: _budget, ASSOCIATED: _associated, SYSTEM: _system, TOKEN: _token}
)
