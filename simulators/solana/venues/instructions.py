"""Instructions that both venues put around a swap, with the accounts and data that the real programs take."""

import struct

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import CreateAccountWithSeedParams, TransferParams, create_account_with_seed, transfer
from solders.token.associated import get_associated_token_address

from simulators.solana.genesis import TOKEN_ACCOUNT_RENT
from simulators.solana.layouts import readable, signer, writable
from simulators.solana.tokens import SOL, Token

TOKEN_ACCOUNTS = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
_CREATE_IDEMPOTENT = b"\x01"
_INITIALIZE_ACCOUNT = b"\x01"
_CLOSE_ACCOUNT = b"\x09"
_SYNC_NATIVE = b"\x11"
_TOKEN_ACCOUNT_BYTES = 165
_RENT_SYSVAR = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
_TRANSFER = struct.Struct("<BQ")


def account_of(owner: Pubkey, token: Token) -> Pubkey:
    """Return the address of the owner's usual account of a token."""
    return get_associated_token_address(owner, token.mint, token.program)


def create_account(payer: Pubkey, owner: Pubkey, token: Token) -> Instruction:
    """Make the owner's usual account of a token, if it is missing."""
    accounts = [paying(payer), writable(account_of(owner, token)), readable(owner), readable(token.mint)]
    accounts += [readable(SYSTEM_PROGRAM), readable(token.program)]
    return Instruction(TOKEN_ACCOUNTS, _CREATE_IDEMPOTENT, accounts)


def wrap(owner: Pubkey, lamports: int) -> list[Instruction]:
    """Put native SOL into the owner's account of wrapped SOL, which is made if it is missing."""
    account = account_of(owner, SOL)
    sent = transfer(TransferParams(from_pubkey=owner, to_pubkey=account, lamports=lamports))
    return [create_account(owner, owner, SOL), sent, Instruction(SOL.program, _SYNC_NATIVE, [writable(account)])]


def seeded_account(owner: Pubkey, seed: str, lamports: int) -> tuple[Pubkey, list[Instruction]]:
    """Make an account of wrapped SOL for one swap, at an address of the owner's and the seed's, with these lamports."""
    account = Pubkey.create_with_seed(owner, seed, SOL.program)
    made = create_account_with_seed(
        CreateAccountWithSeedParams(
            from_pubkey=owner,
            to_pubkey=account,
            base=owner,
            seed=seed,
            lamports=TOKEN_ACCOUNT_RENT + lamports,
            space=_TOKEN_ACCOUNT_BYTES,
            owner=SOL.program,
        )
    )
    accounts = [writable(account), readable(SOL.mint), readable(owner), readable(_RENT_SYSVAR)]
    return account, [made, Instruction(SOL.program, _INITIALIZE_ACCOUNT, accounts)]


def close(account: Pubkey, to: Pubkey, owner: Pubkey) -> Instruction:
    """Close a token account; its lamports, and wrapped SOL with them, go to `to`."""
    return Instruction(SOL.program, _CLOSE_ACCOUNT, [writable(account), writable(to), signer(owner)])


def pay(token: Token, source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    """Transfer tokens."""
    data = _TRANSFER.pack(3, amount)
    return Instruction(token.program, data, [writable(source), writable(destination), signer(owner)])


def paying(key: Pubkey) -> AccountMeta:
    """Return an account that signs and is charged."""
    return AccountMeta(key, is_signer=True, is_writable=True)
