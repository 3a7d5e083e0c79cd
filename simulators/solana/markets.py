"""The pools that are traded against here, and their prices: a pure function of the seed and the slot, in integers."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import combinations

from attrs import field, frozen
from solders.pubkey import Pubkey

from simulators.solana.programs import METEORA_DAMM_V2, METEORA_DLMM, RAYDIUM_AMM, RAYDIUM_CPMM
from simulators.solana.tokens import TOKENS, Token

PARTS = 1_000_000  # prices move in parts of a million
SLOTS_OF_A_MOVE = 256
DEPTH_MICRO_DOLLARS = 50_000_000_000_000  # what would halve the price: 50 million dollars
SHOCK_SLOTS = 16


@frozen
class Dex:
    """A venue that pools belong to: Jupiter's label of it, and its number in the swaps of Jupiter's program."""

    label: str
    program: Pubkey
    fee_bps: int
    number: int


METEORA_DLMMS = Dex("Meteora DLMM", METEORA_DLMM, 10, 38)
METEORA_DAMMS = Dex("Meteora DAMM v2", METEORA_DAMM_V2, 25, 77)
RAYDIUM_CPMMS = Dex("Raydium CP", RAYDIUM_CPMM, 25, 46)
RAYDIUM_AMMS = Dex("Raydium", RAYDIUM_AMM, 25, 7)
DEXES = (METEORA_DLMMS, METEORA_DAMMS, RAYDIUM_CPMMS, RAYDIUM_AMMS)


@frozen
class Pool:
    """Two tokens at one venue. Its `vaults`, in the order of its tokens, are the market maker's token accounts."""

    key: Pubkey
    dex: Dex
    first: Token
    second: Token

    def side(self, mint: Pubkey) -> tuple[Token, Token] | None:
        """Return (given, got) of a swap that gives this mint; None when the pool has none of it."""
        if mint == self.first.mint:
            return self.first, self.second
        return (self.second, self.first) if mint == self.second.mint else None


@frozen
class Offer:
    """What a pool gives for an amount, in base units; `impact`: by how many parts the amount moves the price."""

    pool: Pool
    given: Token
    got: Token
    amount_in: int
    amount_out: int
    fee: int
    impact: int


@frozen
class Markets:
    """Every pool of every venue. Prices move by some 2% around the first; in a share `shocks` of all spans, 3% more.

    A shock is what makes a quote worse between its answer and its swap.
    """

    seed: int
    shocks: float = 0.0
    pools: Mapping[Pubkey, Pool] = field(factory=lambda: {pool.key: pool for pool in _pools()}, repr=False)

    def offers(self, given: Pubkey, got: Pubkey, amount_in: int, slot: int) -> list[Offer]:
        """Return what each pool of these two tokens gives at this slot, the best first."""
        pools = (self.pools.get(pool_key(dex, given, got)) for dex in DEXES)
        found = (self.offer(pool, given, amount_in, slot) for pool in pools if pool)
        return sorted((offer for offer in found if offer), key=lambda offer: -offer.amount_out)

    def offer(self, pool: Pool, given: Pubkey, amount_in: int, slot: int) -> Offer | None:
        """Return what the pool gives at this slot; None when it has no such token."""
        side = pool.side(given)
        if side is None:
            return None
        token, other = side
        fee = -(-amount_in * pool.dex.fee_bps // 10_000)
        worth = (amount_in - fee) * self._price(pool, token, slot) // 10**token.decimals
        impact = worth * PARTS // (worth + DEPTH_MICRO_DOLLARS * PARTS)
        fair = worth * 10**other.decimals // self._price(pool, other, slot)
        amount_out = fair * (PARTS - impact - self._shock(pool, slot)) // PARTS
        return Offer(pool, token, other, amount_in, amount_out, fee, impact)

    def _price(self, pool: Pool, token: Token, slot: int) -> int:
        """Return micro dollars x PARTS for one token: moves of the token, and small ones of the pool's own."""
        own = self._moved(f"{pool.key}:{token.mint}", slot, SLOTS_OF_A_MOVE) // 10
        market = self._moved(str(token.mint), slot, SLOTS_OF_A_MOVE * 8)
        return token.micro_dollars * (PARTS + market + own)

    def _moved(self, what: str, slot: int, span: int) -> int:
        """Return a value within 2% that walks in straight lines from one span of slots to the next."""
        at, into = divmod(slot, span)
        start, end = self._drawn(f"{what}:{at}"), self._drawn(f"{what}:{at + 1}")
        return (start * (span - into) + end * into) // span * 2 // 50

    def _shock(self, pool: Pool, slot: int) -> int:
        drawn = self._drawn(f"shock:{pool.key}:{slot // SHOCK_SLOTS}") + PARTS // 2
        return PARTS * 3 // 100 if drawn < self.shocks * PARTS else 0

    def _drawn(self, what: str) -> int:
        """Return a number from -PARTS/2 up to PARTS/2."""
        digest = blake2b(f"{self.seed}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % PARTS - PARTS // 2


def address(*names: str) -> Pubkey:
    """Return an address of this simulator's own, the same for the same names."""
    return Pubkey.from_bytes(blake2b(":".join(names).encode(), digest_size=32).digest())


def pool_key(dex: Dex, one: Pubkey, other: Pubkey) -> Pubkey:
    """Return the address of a venue's pool of two tokens."""
    return address(dex.label, *sorted((str(one), str(other))))


def _pools() -> Iterator[Pool]:
    for first, second in combinations(TOKENS, 2):
        for dex in DEXES:
            yield Pool(pool_key(dex, first.mint, second.mint), dex, first, second)
