"""Builds that nobody may sign: each gives a thief something of the taker's, beside a swap that is as it should be."""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import (
    AdvanceNonceAccountParams,
    AssignParams,
    TransferParams,
    advance_nonce_account,
    assign,
    transfer,
)

from simulators.solana.layouts import readable, signer, writable
from simulators.solana.markets import Offer, address
from simulators.solana.tokens import SOL, TOKENS
from simulators.solana.venues.instructions import account_of, close, create_account, pay

THIEF = address("thief")
_ALL = 2**63
_APPROVE = struct.Struct("<BQ")
_OWNER = 2  # kinds of authority over a token account
_CLOSER = 3

Theft = Callable[[Offer, Pubkey], list[Instruction]]


def _lamports(_: Offer, taker: Pubkey) -> list[Instruction]:
    return [transfer(TransferParams(from_pubkey=taker, to_pubkey=THIEF, lamports=1_000_000))]


def _output(offer: Offer, taker: Pubkey) -> list[Instruction]:
    """Take half of what the swap got."""
    made = create_account(taker, THIEF, offer.got)
    source, destination = account_of(taker, offer.got), account_of(THIEF, offer.got)
    return [made, pay(offer.got, source, destination, taker, offer.amount_out // 2)]


def _another_token(offer: Offer, taker: Pubkey) -> list[Instruction]:
    """Take one unit of a token that the order has nothing to do with."""
    other = next(token for token in TOKENS if token not in (offer.given, offer.got, SOL))
    made = [create_account(taker, owner, other) for owner in (taker, THIEF)]
    return [*made, pay(other, account_of(taker, other), account_of(THIEF, other), taker, 1)]


def _delegate(offer: Offer, taker: Pubkey) -> list[Instruction]:
    """Take nothing yet."""
    accounts = [writable(account_of(taker, offer.got)), readable(THIEF), signer(taker)]
    return [Instruction(offer.got.program, _APPROVE.pack(4, _ALL), accounts)]


def _authority(kind: int) -> Theft:
    def taken(offer: Offer, taker: Pubkey) -> list[Instruction]:
        data = bytes([6, kind, 1]) + bytes(THIEF)
        return [Instruction(offer.got.program, data, [writable(account_of(taker, offer.got)), signer(taker)])]

    return taken


def _rent(offer: Offer, taker: Pubkey) -> list[Instruction]:
    """Make an account of a third token, and close it in favour of the thief."""
    other = next(token for token in TOKENS if token not in (offer.given, offer.got, SOL))
    return [create_account(taker, taker, other), close(account_of(taker, other), THIEF, taker)]


def _assigned(_: Offer, taker: Pubkey) -> list[Instruction]:
    return [assign(AssignParams(pubkey=taker, owner=THIEF))]


def _nonce(_: Offer, taker: Pubkey) -> list[Instruction]:
    """Make the transaction one that never expires."""
    params = AdvanceNonceAccountParams(nonce_pubkey=address("nonce"), authorized_pubkey=taker)
    return [advance_nonce_account(params)]


def _unknown_program(_: Offer, taker: Pubkey) -> list[Instruction]:
    return [Instruction(address("program"), b"\x00", [signer(taker)])]


THEFTS: Mapping[str, Theft] = MappingProxyType(
    {
        "lamports": _lamports,
        "output": _output,
        "another_token": _another_token,
        "delegate": _delegate,
        "owner": _authority(_OWNER),
        "close_authority": _authority(_CLOSER),
        "rent": _rent,
        "assigned": _assigned,
        "nonce": _nonce,
        "unknown_program": _unknown_program,
    }
)
