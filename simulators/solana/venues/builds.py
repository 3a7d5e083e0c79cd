"""What the venues build of an offer: the instructions of one swap, before and after it what SOL needs."""

from attrs import evolve, field, frozen
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from simulators.solana import layouts
from simulators.solana.layouts import readable, signer, writable
from simulators.solana.markets import Offer, address
from simulators.solana.programs import CPMM_AUTHORITY, JUPITER, JUPITER_EVENTS, RAYDIUM_CPMM
from simulators.solana.swaps import Swaps
from simulators.solana.tokens import SOL
from simulators.solana.venues.instructions import account_of, close, create_account, wrap

_CPMM_CONFIG = address("Raydium CPMM", "config")


@frozen
class Limit:
    """The least output as the bytes say it: a quote with its slippage, or a number."""

    quoted: int
    slippage_bps: int

    @property
    def min_out(self) -> int:
        """Return the number."""
        return layouts.least(self.quoted, self.slippage_bps)


@frozen
class Build:
    """The instructions of one transaction, in their order."""

    payer: Pubkey
    setup: tuple[Instruction, ...]
    swap: Instruction
    cleanup: tuple[Instruction, ...]
    other: tuple[Instruction, ...] = field(default=())

    @property
    def instructions(self) -> list[Instruction]:
        """Return all of them."""
        return [*self.setup, self.swap, *self.cleanup, *self.other]

    def with_other(self, *more: Instruction) -> "Build":
        """Return it with more at its end."""
        return evolve(self, other=(*self.other, *more))


def around(swap: Instruction, offer: Offer, taker: Pubkey, *, wraps: bool, unwraps: bool) -> Build:
    """Return the swap with what makes the taker's token accounts; SOL is wrapped before and unwrapped after it."""
    given_sol, got_sol = wraps and offer.given is SOL, unwraps and offer.got is SOL
    setup = wrap(taker, offer.amount_in) if given_sol else []
    closed = [close(account_of(taker, SOL), taker, taker)] if given_sol or got_sol else []
    return Build(taker, (*setup, create_account(taker, taker, offer.got)), swap, tuple(closed))


def jupiter_swap(offer: Offer, limit: Limit, taker: Pubkey, swaps: Swaps, shared: int | None) -> Instruction:
    """Return Jupiter's instruction: `route_v2`, or through the shared accounts of its authority number `shared`."""
    step = layouts.route_step(bytes([offer.pool.dex.number]), 10_000, 0, 1)
    data = layouts.route_data(offer.amount_in, limit.quoted, limit.slippage_bps, [step], shared)
    source, destination = account_of(taker, offer.given), account_of(taker, offer.got)
    mints = [readable(offer.given.mint), readable(offer.got.mint)]
    programs = [readable(offer.given.program), readable(offer.got.program)]
    pool = [writable(offer.pool.key), readable(offer.pool.dex.program)]
    pool += [writable(swaps.vault(offer.given)), writable(swaps.vault(offer.got))]
    last = [readable(JUPITER_EVENTS), readable(JUPITER), *pool]
    if shared is None:
        first = [signer(taker), writable(source), writable(destination), *mints, *programs, readable(JUPITER)]
        return Instruction(JUPITER, data, [*first, *last])
    authority, _ = Pubkey.find_program_address([b"authority", bytes([shared])], JUPITER)
    own = [writable(account_of(authority, token)) for token in (offer.given, offer.got)]
    first = [readable(authority), signer(taker), writable(source), *own, writable(destination), *mints, *programs]
    return Instruction(JUPITER, data, [*first, *last])


def raydium_swap(
    offer: Offer, min_out: int, taker: Pubkey, swaps: Swaps, accounts: tuple[Pubkey, Pubkey]
) -> Instruction:
    """Return the instruction of Raydium's constant product pools; `accounts` are the taker's two."""
    first = [signer(taker), readable(CPMM_AUTHORITY), readable(_CPMM_CONFIG), writable(offer.pool.key)]
    tokens = (offer.given, offer.got)
    first += [writable(account) for account in (*accounts, *(swaps.vault(token) for token in tokens))]
    last = [readable(token.program) for token in tokens] + [readable(token.mint) for token in tokens]
    observation = writable(address("observation", str(offer.pool.key)))
    return Instruction(RAYDIUM_CPMM, layouts.cpmm_data(offer.amount_in, min_out), [*first, *last, observation])
