"""What stands in for the venues' programs: a swap that is asked for becomes transfers with the market maker."""

import struct

from attrs import frozen
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from simulators.solana.layouts import NotASwap, Swap, decoded, signer, writable
from simulators.solana.markets import Markets, Pool
from simulators.solana.programs import JUPITER, RAYDIUM_AMM, RAYDIUM_CPMM
from simulators.solana.tokens import Token

_TRANSFER = 3
# What each program says of too little output, and of an instruction that it cannot read: (code, name in the log).
_TOO_LITTLE = {
    JUPITER: (6001, "SlippageToleranceExceeded"),
    RAYDIUM_CPMM: (6005, "ExceededSlippage"),
    RAYDIUM_AMM: (30, "ExceededSlippage"),
}
_UNREADABLE = (101, "InstructionFallbackNotFound")
_NO_SUCH_POOL = (3012, "AccountNotInitialized")
_NOT_SIGNED = (3010, "AccountNotSigner")


@frozen
class Replaced:
    """What runs instead of a swap instruction: `transfers`, signed by the maker too; or none, as it fails with `code`.

    `logs` is what the program says of it, in its own words.
    """

    transfers: tuple[Instruction, ...] = ()
    code: int | None = None
    logs: tuple[str, ...] = ()


@frozen
class Swaps:
    """The venues' programs, played. `maker` owns what the pools hold and signs the transfers: a second signature."""

    markets: Markets
    maker: Pubkey

    def replaced(self, instruction: Instruction, slot: int) -> Replaced | None:
        """Return what runs instead of this instruction at `slot`; None: run it as it is, it is no venue's.

        Its accounts must say who signed the transaction. A pure function: the simulation, the landing and its repeat
        after a restart say the same of one slot.
        """
        program = instruction.program_id
        try:
            swap = decoded(instruction)
        except NotASwap:
            return _failed(program, *_UNREADABLE)
        if swap is None:
            return None
        # Signatures are not checked when the transfers run: whose tokens they move must have signed the original.
        if not any(meta.is_signer for meta in instruction.accounts if meta.pubkey == swap.owner):
            return _failed(program, *_NOT_SIGNED)
        return self._swapped(program, swap, slot)

    def _swapped(self, program: Pubkey, swap: Swap, slot: int) -> Replaced:
        pool = self.markets.pools.get(swap.pool)
        offer = self.markets.offer(pool, swap.given or _given(swap, pool), swap.amount_in, slot) if pool else None
        if offer is None:
            return _failed(program, *_NO_SUCH_POOL)
        if offer.amount_out < swap.min_out:
            return _failed(program, *_TOO_LITTLE[program])
        taken = _transfer(offer.given, swap.source, self.vault(offer.given), swap.owner, swap.amount_in)
        given_out = _transfer(offer.got, self.vault(offer.got), swap.destination, self.maker, offer.amount_out)
        return Replaced((taken, given_out), logs=(f"Program {program} invoke [1]", f"Program {program} success"))

    def vault(self, token: Token) -> Pubkey:
        """Return the maker's token account of a token: all pools hold theirs together."""
        return get_associated_token_address(self.maker, token.mint, token.program)


def _given(swap: Swap, pool: Pool) -> Pubkey:
    """Return the mint of the source, told by its address: of an account elsewhere the transfer will fail."""
    first = get_associated_token_address(swap.owner, pool.first.mint, pool.first.program)
    return pool.first.mint if swap.source == first else pool.second.mint


def _transfer(token: Token, source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    data = struct.pack("<BQ", _TRANSFER, amount)
    return Instruction(token.program, data, [writable(source), writable(destination), signer(owner)])


def _failed(program: Pubkey, code: int, name: str) -> Replaced:
    said = f"Program log: AnchorError occurred. Error Code: {name}. Error Number: {code}. Error Message: {name}."
    end = f"Program {program} failed: custom program error: {code:#x}"
    return Replaced(code=code, logs=(f"Program {program} invoke [1]", said, end))
