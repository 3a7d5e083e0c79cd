"""How the venues' programs read a swap: their data and accounts, both ways.

Jupiter: its program's IDL of 2026 (`/build` gives `route_v2` or `shared_accounts_route_v2`). Raydium: raydium-cp-swap's
`swap_base_input`; AMM v4's instruction 9 and its successor 16, whose accounts end alike.
"""

import struct
from hashlib import sha256

from attrs import frozen
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from simulators.solana.programs import JUPITER, RAYDIUM_AMM, RAYDIUM_CPMM

_AMOUNTS = struct.Struct("<QQ")
_ROUTE = struct.Struct("<QQHHHI")
_AMM_SWAPS = (9, 16)


def discriminator(name: str) -> bytes:
    """Return the eight bytes that an Anchor program knows its instruction by."""
    return sha256(f"global:{name}".encode()).digest()[:8]


ROUTE_V2 = discriminator("route_v2")
SHARED_ROUTE_V2 = discriminator("shared_accounts_route_v2")
CPMM_SWAP = discriminator("swap_base_input")


@frozen
class Swap:
    """What a swap instruction asks for: `source` and `destination` are `owner`'s token accounts; amounts in base units.

    `given` is the mint of the source, None where the instruction does not say.
    """

    pool: Pubkey
    owner: Pubkey
    source: Pubkey
    destination: Pubkey
    amount_in: int
    min_out: int
    given: Pubkey | None = None


class NotASwap(Exception):
    """A venue's program cannot read this instruction."""


def decoded(instruction: Instruction) -> Swap | None:
    """Read a swap of a venue's program; None when the program is no venue's. Raises NotASwap."""
    reader = _READERS.get(instruction.program_id)
    if reader is None:
        return None
    try:
        return reader(bytes(instruction.data), [meta.pubkey for meta in instruction.accounts])
    except (struct.error, IndexError) as error:
        raise NotASwap from error


def least(quoted: int, slippage_bps: int) -> int:
    """Return the least output that a quote and its slippage allow, rounded up, as Jupiter does."""
    return -(-quoted * (10_000 - slippage_bps) // 10_000)


def route_data(amount_in: int, quoted: int, slippage_bps: int, steps: list[bytes], shared: int | None = None) -> bytes:
    """Return the data of `route_v2`, or with an authority's number `shared` of `shared_accounts_route_v2`."""
    kind = ROUTE_V2 if shared is None else SHARED_ROUTE_V2 + bytes([shared])
    return kind + _ROUTE.pack(amount_in, quoted, slippage_bps, 0, 0, len(steps)) + b"".join(steps)


def route_step(swap: bytes, bps: int, input_index: int, output_index: int) -> bytes:
    """Return one step of a route: `swap` is the venue's number in Jupiter's list, with its arguments."""
    return swap + struct.pack("<HBB", bps, input_index, output_index)


def cpmm_data(amount_in: int, min_out: int) -> bytes:
    """Return the data of Raydium CPMM's swap."""
    return CPMM_SWAP + _AMOUNTS.pack(amount_in, min_out)


def amm_data(amount_in: int, min_out: int) -> bytes:
    """Return the data of Raydium AMM v4's swap."""
    return bytes([_AMM_SWAPS[0]]) + _AMOUNTS.pack(amount_in, min_out)


def readable(key: Pubkey) -> AccountMeta:
    """Return an account that an instruction reads."""
    return AccountMeta(key, is_signer=False, is_writable=False)


def writable(key: Pubkey) -> AccountMeta:
    """Return an account that an instruction changes."""
    return AccountMeta(key, is_signer=False, is_writable=True)


def signer(key: Pubkey) -> AccountMeta:
    """Return an account that must have signed."""
    return AccountMeta(key, is_signer=True, is_writable=False)


def _jupiter(data: bytes, keys: list[Pubkey]) -> Swap:
    """Read a route of one step: the pool is the first account after those that every route has."""
    if data.startswith(ROUTE_V2):
        at, owner, source, destination, given, pool = 8, *keys[:4], keys[10]
        if keys[7] != JUPITER:
            destination = keys[7]
    elif data.startswith(SHARED_ROUTE_V2):
        at, owner, source, destination, given, pool = 9, keys[1], keys[2], keys[5], keys[6], keys[12]
    else:
        raise NotASwap
    amount_in, quoted, slippage_bps, *_ = _ROUTE.unpack_from(data, at)
    return Swap(pool, owner, source, destination, amount_in, least(quoted, slippage_bps), given)


def _cpmm(data: bytes, keys: list[Pubkey]) -> Swap:
    if not data.startswith(CPMM_SWAP):
        raise NotASwap
    amount_in, min_out = _AMOUNTS.unpack_from(data, 8)
    return Swap(keys[3], keys[0], keys[4], keys[5], amount_in, min_out, keys[10])


def _amm(data: bytes, keys: list[Pubkey]) -> Swap:
    if data[0] not in _AMM_SWAPS:
        raise NotASwap
    amount_in, min_out = _AMOUNTS.unpack_from(data, 1)
    return Swap(keys[1], keys[-1], keys[-3], keys[-2], amount_in, min_out)


_READERS = {JUPITER: _jupiter, RAYDIUM_CPMM: _cpmm, RAYDIUM_AMM: _amm}
