"""Signed swaps for tests: real transactions of a wallet that anybody may know."""

from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0, to_bytes_versioned
from solders.system_program import TransferParams, transfer

from adapters.solana.judge.node import Blockhash
from adapters.solana.payload import SignedSwap
from domain.asset import Asset
from tests.scripted_node import GENESIS

OWNER = Keypair.from_seed(bytes([7] * 32))
WALLET = str(OWNER.pubkey())
SOL = Asset("solana", "So11111111111111111111111111111111111111112", "SOL", 9)
USDC = Asset("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "USDC", 6)
BLOCKHASH = Blockhash("9sHcv6xwn9YkB8nxTUGKDwPwNnmqVp5oAXxU8Fdkm4J6", 1_150, slot=5_000, genesis=GENESIS)


def a_swap(
    given: Asset = SOL, got: Asset = USDC, amount_in: int = 10**9, min_out: int = 147_000_000, number: int = 1
) -> SignedSwap:
    """Return a signed transaction, whose one instruction does not matter; each `number` gives another signature."""
    key = OWNER.pubkey()
    moves = [transfer(TransferParams(from_pubkey=key, to_pubkey=key, lamports=number))]
    message = MessageV0.try_compile(key, moves, [], Hash.from_string(BLOCKHASH.hash))
    signature = bytes(OWNER.sign_message(to_bytes_versioned(message)))
    return SignedSwap.of(to_bytes_versioned(message), signature, BLOCKHASH, given, got, amount_in, min_out)
