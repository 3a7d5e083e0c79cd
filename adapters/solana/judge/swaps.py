"""The swap instructions that are known, as their programs read them.

Jupiter v6: the IDL of 2026; `/build` gives the two `v2` routes. The older ones have their amounts behind the route,
where only one who can read all of a route finds them: what stands at the end may be a decoy. Raydium: the sources of
raydium-cp-swap, raydium-clmm and raydium-amm. What is not known is refused: those, exact output, token ledgers, and
whatever is newer.
"""

import struct
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType

from attrs import frozen
from solders.pubkey import Pubkey

from adapters.solana.judge.message import Call
from adapters.solana.judge.programs import (
    JUPITER,
    JUPITER_EVENTS,
    RAYDIUM_AMM,
    RAYDIUM_CLMM,
    RAYDIUM_CPMM,
    TOKEN_PROGRAMS,
)
from adapters.solana.judge.wanted import UnsafeTransaction

BPS = 10_000


@frozen
class EncodedSwap:
    """What a swap instruction says: `owner` gives `amount_in` from `source`; `min_out` at least comes to `destination`.

    `mints` are (input, output), None where the instruction does not name it; `data` is its bytes.
    """

    owner: Pubkey
    source: Pubkey
    destination: Pubkey
    mints: tuple[Pubkey | None, Pubkey | None]
    amount_in: int
    min_out: int
    data: bytes


def encoded(call: Call, min_out: int) -> EncodedSwap | None:
    """Read a swap instruction; None: its program is none that swaps.

    Where a program works its limit out of a quote and may round it down, the quote is raised in `data` until the limit
    holds for `min_out` either way. Raises UnsafeTransaction for an instruction of such a program that is not known.
    """
    reader = _READERS.get(call.program)
    if reader is None:
        return None
    try:
        return reader(call, min_out)
    except (struct.error, IndexError) as error:
        raise UnsafeTransaction(f"an instruction of {call.program} is cut short") from error


def _named(name: str) -> bytes:
    return sha256(f"global:{name}".encode()).digest()[:8]


_ROUTE_V2, _SHARED_ROUTE_V2 = _named("route_v2"), _named("shared_accounts_route_v2")
_V2_AMOUNTS = struct.Struct("<QQHHH")  # in, quoted out, slippage, platform's fee, share of what exceeds the quote
_TWO_AMOUNTS = struct.Struct("<QQ")
_CLMM_AMOUNTS = struct.Struct("<QQ16sB")


def _jupiter(call: Call, min_out: int) -> EncodedSwap:
    kind, keys = call.data[:8], call.accounts
    if kind == _ROUTE_V2:
        _must_be(keys[8:10] == (JUPITER_EVENTS, JUPITER), "Jupiter's own accounts are others")
        _must_be(TOKEN_PROGRAMS.issuperset(keys[5:7]), "a token program is none")
        _must_be(keys[7] in (JUPITER, keys[2]), "its output goes elsewhere")
        return _route(call.data, 8, (keys[0], keys[1], keys[2]), (keys[3], keys[4]), min_out)
    if kind == _SHARED_ROUTE_V2:
        _must_be(keys[10:12] == (JUPITER_EVENTS, JUPITER), "Jupiter's own accounts are others")
        _must_be(TOKEN_PROGRAMS.issuperset(keys[8:10]), "a token program is none")
        return _route(call.data, 9, (keys[1], keys[2], keys[5]), (keys[6], keys[7]), min_out)
    raise _unknown(call)


_Owned = tuple[Pubkey, Pubkey, Pubkey]  # owner, source, destination
_Mints = tuple[Pubkey | None, Pubkey | None]


def _route(data: bytes, at: int, owned: _Owned, mints: _Mints, min_out: int) -> EncodedSwap:
    amount_in, quoted, slippage_bps, fee, positive = _V2_AMOUNTS.unpack_from(data, at)
    _must_be(fee == positive == 0, "Jupiter is asked to keep a fee")
    return _limited(data, at + 8, owned, mints, (amount_in, quoted, slippage_bps), min_out)


def _limited(
    data: bytes, at: int, owned: _Owned, mints: _Mints, said: tuple[int, int, int], min_out: int
) -> EncodedSwap:
    """Its API rounds the limit up. Should the program round it down, a unit less could land: so the quote goes up."""
    amount_in, quoted, slippage_bps = said
    _must_be(slippage_bps < BPS, "Jupiter is asked to take any price")
    limit = -(-quoted * (BPS - slippage_bps) // BPS)
    if limit >= min_out:
        quoted = max(quoted, -(-min_out * BPS // (BPS - slippage_bps)))
    return EncodedSwap(*owned, mints, amount_in, limit, data[:at] + quoted.to_bytes(8, "little") + data[at + 8 :])


def _cpmm(call: Call, _: int) -> EncodedSwap:
    keys = call.accounts
    if call.data[:8] != _named("swap_base_input") or len(call.data) != 24 or len(keys) != 13:
        raise _unknown(call)
    _must_be(TOKEN_PROGRAMS.issuperset(keys[8:10]), "a token program is none")
    amount_in, min_out = _TWO_AMOUNTS.unpack_from(call.data, 8)
    return EncodedSwap(keys[0], keys[4], keys[5], (keys[10], keys[11]), amount_in, min_out, call.data)


def _clmm(call: Call, _: int) -> EncodedSwap:
    keys, newer = call.accounts, call.data[:8] == _named("swap_v2")
    if not (newer or call.data[:8] == _named("swap")) or len(call.data) != 8 + _CLMM_AMOUNTS.size:
        raise _unknown(call)
    _must_be(keys[8] in TOKEN_PROGRAMS, "a token program is none")
    amount_in, min_out, _price, exact_input = _CLMM_AMOUNTS.unpack_from(call.data, 8)
    _must_be(exact_input == 1, "it gives whatever an exact output takes")
    mints = (keys[11], keys[12]) if newer else (None, None)
    return EncodedSwap(keys[0], keys[3], keys[4], mints, amount_in, min_out, call.data)


def _amm(call: Call, _: int) -> EncodedSwap:
    """Version 4's `swap_base_in` has 17 or 18 accounts, its successor without the order book 8; they end alike."""
    keys = call.accounts
    known = {9: (17, 18), 16: (8,)}
    if len(call.data) != 17 or len(keys) not in known.get(call.data[0], ()):
        raise _unknown(call)
    _must_be(keys[0] in TOKEN_PROGRAMS, "a token program is none")
    amount_in, min_out = _TWO_AMOUNTS.unpack_from(call.data, 1)
    return EncodedSwap(keys[-1], keys[-3], keys[-2], (None, None), amount_in, min_out, call.data)


def _must_be(so: bool, why: str) -> None:
    if not so:
        raise UnsafeTransaction(why)


def _unknown(call: Call) -> UnsafeTransaction:
    return UnsafeTransaction(f"an instruction of {call.program} is not known: {call.data[:8].hex()}")


_Reader = Callable[[Call, int], EncodedSwap]
_READERS: Mapping[Pubkey, _Reader] = MappingProxyType(
    {JUPITER: _jupiter, RAYDIUM_CPMM: _cpmm, RAYDIUM_CLMM: _clmm, RAYDIUM_AMM: _amm}
)
