"""Swap instructions are read as their programs read them: data that was recorded, and the layouts of the sources."""

import struct
from base64 import b64decode

import pytest
from solders.pubkey import Pubkey

from adapters.solana.judge.message import Call
from adapters.solana.judge.programs import (
    JUPITER,
    JUPITER_EVENTS,
    RAYDIUM_AMM,
    RAYDIUM_CLMM,
    RAYDIUM_CPMM,
    TOKEN,
    TOKEN_2022,
)
from adapters.solana.judge.swaps import EncodedSwap, encoded
from adapters.solana.judge.wanted import UnsafeTransaction
from simulators.solana.layouts import discriminator

# What Jupiter's `/build` really gave in September 2026.
ROUTE_V2 = b64decode("u2T6zDHErxSAlpgAAAAAAKiTCwAAAAAAMgAAAAAAAQAAAJcAECcAAQ==")
SHARED_ROUTE_V2 = b64decode("0ZhTk3z+2OkGgJaYAAAAAABzExIAAAAAADIAAAAAAAMAAAARAe8kAAIRASECAAJoARAnAgM=")
# With a fee for whoever asked for it.
WITH_A_FEE = b64decode("u2T6zDHErxSGZzGlhw0AAFbwqD0AAAAAZAAKAAAAAQAAAGIQJwAB")

OWNER, SOURCE, DESTINATION, GIVEN, GOT, *OTHERS = (Pubkey.from_bytes(bytes([n] * 32)) for n in range(1, 25))
EXPECTED = (OWNER, SOURCE, DESTINATION)


def read(program: Pubkey, data: bytes, *keys: Pubkey, min_out: int = 0) -> EncodedSwap:
    swap = encoded(Call(program, keys, data), min_out)
    assert swap is not None
    assert (swap.owner, swap.source, swap.destination) == EXPECTED
    return swap


ROUTE_KEYS = (OWNER, SOURCE, DESTINATION, GIVEN, GOT, TOKEN, TOKEN_2022, JUPITER, JUPITER_EVENTS, JUPITER, *OTHERS)


def test_jupiters_route() -> None:
    swap = read(JUPITER, ROUTE_V2, *ROUTE_KEYS)
    assert (swap.mints, swap.amount_in, swap.min_out) == ((GIVEN, GOT), 10_000_000, 754_903)
    assert swap.data == ROUTE_V2


def test_jupiters_shared_route_and_its_limit_as_the_answer_had_it() -> None:
    keys = (OTHERS[0], OWNER, SOURCE, OTHERS[1], OTHERS[2], DESTINATION, GIVEN, GOT, TOKEN, TOKEN)
    swap = read(JUPITER, SHARED_ROUTE_V2, *keys, JUPITER_EVENTS, JUPITER, *OTHERS, min_out=1_178_704)
    assert (swap.mints, swap.amount_in, swap.min_out) == ((GIVEN, GOT), 10_000_000, 1_178_704)
    quoted = struct.unpack_from("<Q", swap.data, 17)[0]
    assert quoted * 9_950 // 10_000 == 1_178_704


def test_a_fee_for_whoever_asked_is_refused() -> None:
    with pytest.raises(UnsafeTransaction, match="keep a fee"):
        read(JUPITER, WITH_A_FEE, *ROUTE_KEYS)


def test_raydiums_constant_product() -> None:
    data = discriminator("swap_base_input") + struct.pack("<QQ", 5, 4)
    keys = (OWNER, *OTHERS[:3], SOURCE, DESTINATION, *OTHERS[3:5], TOKEN, TOKEN_2022, GIVEN, GOT, OTHERS[5])
    swap = read(RAYDIUM_CPMM, data, *keys)
    assert (swap.mints, swap.amount_in, swap.min_out, swap.data) == ((GIVEN, GOT), 5, 4, data)
    with pytest.raises(UnsafeTransaction, match="not known"):
        read(RAYDIUM_CPMM, data, *keys, OTHERS[6])
    with pytest.raises(UnsafeTransaction, match="not known"):
        read(RAYDIUM_CPMM, data + b"\0", *keys)


@pytest.mark.parametrize("newer", [False, True])
def test_raydiums_concentrated_liquidity(newer: bool) -> None:
    data = discriminator("swap_v2" if newer else "swap") + struct.pack("<QQ16sB", 5, 4, bytes(16), 1)
    keys = (OWNER, *OTHERS[:2], SOURCE, DESTINATION, *OTHERS[2:5], TOKEN)
    swap = read(RAYDIUM_CLMM, data, *keys, *((TOKEN_2022, OTHERS[5], GIVEN, GOT) if newer else ()), *OTHERS[6:9])
    assert (swap.mints, swap.amount_in, swap.min_out) == ((GIVEN, GOT) if newer else (None, None), 5, 4)


def test_an_exact_output_of_concentrated_liquidity_is_refused() -> None:
    data = discriminator("swap_v2") + struct.pack("<QQ16sB", 5, 4, bytes(16), 0)
    with pytest.raises(UnsafeTransaction, match="exact output"):
        read(RAYDIUM_CLMM, data, OWNER, *OTHERS[:2], SOURCE, DESTINATION, *OTHERS[2:5], TOKEN, *OTHERS[5:10])


@pytest.mark.parametrize(("kind", "before"), [(9, 13), (9, 14), (16, 4)])
def test_raydiums_older_pools(kind: int, before: int) -> None:
    data = bytes([kind]) + struct.pack("<QQ", 5, 4)
    swap = read(RAYDIUM_AMM, data, TOKEN, *OTHERS[:before], SOURCE, DESTINATION, OWNER)
    assert (swap.mints, swap.amount_in, swap.min_out) == ((None, None), 5, 4)
    with pytest.raises(UnsafeTransaction, match="not known"):
        read(RAYDIUM_AMM, data, TOKEN, *OTHERS[: before - 2], SOURCE, DESTINATION, OWNER)


def test_a_route_that_is_cut_short_is_refused() -> None:
    for size in range(30):
        with pytest.raises(UnsafeTransaction, match=r"cut short|not known"):
            read(JUPITER, ROUTE_V2[:size], *ROUTE_KEYS)


SHARED_KEYS = (OTHERS[0], OWNER, SOURCE, *OTHERS[1:3], DESTINATION, GIVEN, GOT, TOKEN, TOKEN, JUPITER_EVENTS, JUPITER)
CPMM_KEYS = (OWNER, *OTHERS[:3], SOURCE, DESTINATION, *OTHERS[3:5], TOKEN, TOKEN_2022, GIVEN, GOT, OTHERS[5])
CLMM_KEYS = (OWNER, *OTHERS[:2], SOURCE, DESTINATION, *OTHERS[2:5], TOKEN, *OTHERS[5:10])
AMM_KEYS = (TOKEN, *OTHERS[:4], SOURCE, DESTINATION, OWNER)


@pytest.mark.parametrize(
    ("program", "data", "keys", "at"),
    [
        *((JUPITER, SHARED_ROUTE_V2, SHARED_KEYS, at) for at in (8, 9, 10, 11)),
        *((JUPITER, ROUTE_V2, ROUTE_KEYS, at) for at in (5, 6, 8, 9)),
        *((RAYDIUM_CPMM, discriminator("swap_base_input") + bytes(16), CPMM_KEYS, at) for at in (8, 9)),
        (RAYDIUM_CLMM, discriminator("swap") + bytes(32) + b"\1", CLMM_KEYS, 8),
        (RAYDIUM_AMM, b"\x10" + bytes(16), AMM_KEYS, 0),
    ],
)
def test_what_is_called_as_a_program_is_the_known_one(
    program: Pubkey, data: bytes, keys: tuple[Pubkey, ...], at: int
) -> None:
    read(program, data, *keys)
    with pytest.raises(UnsafeTransaction, match=r"is none|own accounts"):
        read(program, data, *keys[:at], OTHERS[-1], *keys[at + 1 :])
