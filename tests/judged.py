"""A node for the judge: a virtual machine with a wallet, and honest builds of swaps to start from."""

import struct
from collections.abc import Callable, Mapping, Sequence

from attrs import define, field
from solders.account import Account
from solders.compute_budget import set_compute_unit_price
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    CreateAccountWithSeedParams,
    TransferParams,
    create_account_with_seed,
    transfer,
)
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from adapters.solana.judge.assemble import assemble
from adapters.solana.judge.balances import SIGNATURE_LAMPORTS
from adapters.solana.judge.judge import Judge
from adapters.solana.judge.message import decoded, resolved
from adapters.solana.judge.node import Accounts, AccountState, Blockhash, Simulation
from adapters.solana.judge.programs import ASSOCIATED, JUPITER, JUPITER_EVENTS, RAYDIUM_CPMM, SYSTEM, TOKEN
from adapters.solana.judge.wanted import WantedSwap
from domain.asset import Asset
from simulators.solana.genesis import accounts, token_account
from simulators.solana.layouts import cpmm_data, readable, route_data, signer, writable
from simulators.solana.markets import METEORA_DLMMS, RAYDIUM_CPMMS, Dex, Markets, pool_key
from simulators.solana.programs import CPMM_AUTHORITY
from simulators.solana.swaps import Swaps
from simulators.solana.tokens import SOL, TOKENS, USDC, Token

OURS = Keypair.from_seed(bytes([7] * 32))
WALLET = OURS.pubkey()
THIEF = Keypair.from_seed(bytes([66] * 32)).pubkey()
MAKER = Keypair.from_seed(bytes([9] * 32)).pubkey()
USDT, JUP = (next(token for token in TOKENS if token.symbol == symbol) for symbol in ("USDT", "JUP"))
BLOCKHASH = Blockhash("9sHcv6xwn9YkB8nxTUGKDwPwNnmqVp5oAXxU8Fdkm4J6", 1_000)
SOL_IN, USDC_IN = 10**9, 100 * 10**6
PRICE = 20_000  # of a compute unit, in millionths of a lamport
SEED = "wrapped"


def asset(token: Token) -> Asset:
    return Asset("solana", str(token.mint), token.symbol, token.decimals, str(token.program))


def wanted(given: Token, got: Token, amount_in: int, min_out: int) -> WantedSwap:
    return WantedSwap(str(WALLET), asset(given), asset(got), amount_in, min_out, 100_000, "order:1")


def own(token: Token, owner: Pubkey = WALLET) -> Pubkey:
    return get_associated_token_address(owner, token.mint, token.program)


def instruction(program: Pubkey, data: bytes, *metas: AccountMeta) -> Instruction:
    return Instruction(program, data, list(metas))


def create(token: Token, owner: Pubkey = WALLET, payer: Pubkey = WALLET) -> Instruction:
    """Make an account of a token, unless it is there."""
    made = own(token, owner)
    keys = (signer(payer), writable(made), readable(owner), readable(token.mint), readable(SYSTEM), readable(TOKEN))
    return instruction(ASSOCIATED, b"\1", *keys)


def wrap(lamports: int, into: Pubkey | None = None) -> list[Instruction]:
    wrapped = into or own(SOL)
    moved = transfer(TransferParams(from_pubkey=WALLET, to_pubkey=wrapped, lamports=lamports))
    return [moved, instruction(TOKEN, b"\x11", writable(wrapped))]


def close(account: Pubkey, to: Pubkey = WALLET, owner: Pubkey = WALLET) -> Instruction:
    return instruction(TOKEN, b"\x09", writable(account), writable(to), signer(owner))


def seeded(lamports: int, word: str = SEED) -> tuple[Pubkey, list[Instruction]]:
    """Make an account for wrapped SOL as Raydium does: its address comes of the wallet's and a word."""
    made = Pubkey.create_with_seed(WALLET, word, TOKEN)
    params = CreateAccountWithSeedParams(
        from_pubkey=WALLET, to_pubkey=made, base=WALLET, seed=word, lamports=lamports, space=165, owner=TOKEN
    )
    begun = instruction(TOKEN, b"\x12" + bytes(WALLET), writable(made), readable(SOL.mint))
    return made, [create_account_with_seed(params), begun]


def jupiter(
    given: Token,
    got: Token,
    amount_in: int,
    quoted: int,
    slippage_bps: int = 50,
    shared: int | None = None,
    destination: Pubkey | None = None,
) -> Instruction:
    """Swap by Jupiter's `route_v2`, or with an authority's number `shared` by `shared_accounts_route_v2`."""
    source, destination = own(given), destination or own(got)
    programs = (readable(TOKEN), readable(TOKEN), readable(JUPITER_EVENTS), readable(JUPITER))
    mints = (readable(given.mint), readable(got.mint))
    pool = (readable(pool_key(METEORA_DLMMS, given.mint, got.mint)),)
    keys: tuple[AccountMeta, ...]
    if shared is None:
        optional = (readable(TOKEN), readable(TOKEN), readable(JUPITER), readable(JUPITER_EVENTS), readable(JUPITER))
        keys = (signer(WALLET), writable(source), writable(destination), *mints, *optional, *pool)
    else:
        theirs = (writable(own(given, MAKER)), writable(own(got, MAKER)))
        ours = (readable(MAKER), signer(WALLET), writable(source))
        keys = (*ours, *theirs, writable(destination), *mints, *programs, *pool)
    return instruction(JUPITER, route_data(amount_in, quoted, slippage_bps, [], shared), *keys)


def cpmm(
    given: Token,
    got: Token,
    amount_in: int,
    min_out: int,
    source: Pubkey | None = None,
    destination: Pubkey | None = None,
) -> Instruction:
    """Swap by Raydium CPMM's `swap_base_input`."""
    keys = (
        *(signer(WALLET), readable(CPMM_AUTHORITY), readable(THIEF)),
        writable(pool_key(RAYDIUM_CPMMS, given.mint, got.mint)),
        *(writable(source or own(given)), writable(destination or own(got))),
        *(writable(own(given, MAKER)), writable(own(got, MAKER)), readable(TOKEN), readable(TOKEN)),
        *(readable(given.mint), readable(got.mint), writable(Pubkey.new_unique())),
    )
    return instruction(RAYDIUM_CPMM, cpmm_data(amount_in, min_out), *keys)


def priced(*swap: Instruction) -> list[Instruction]:
    return [set_compute_unit_price(PRICE), *swap]


def bought_with_sol(quoted: int) -> list[Instruction]:
    """Give one SOL for USDC, as Jupiter's `/build` has it."""
    swap = jupiter(SOL, USDC, SOL_IN, quoted)
    return priced(create(SOL), *wrap(SOL_IN), create(USDC), swap, close(own(SOL)))


def unsigned(
    instructions: Sequence[Instruction],
    payer: Pubkey = WALLET,
    tables: Mapping[str, Sequence[str]] | None = None,
    blockhash: str = BLOCKHASH.hash,
) -> bytes:
    return assemble(instructions, tables or {}, str(payer), blockhash)


class Refused(Exception):
    """The chain takes no such transaction."""

    def __init__(self, err: object, logs: tuple[str, ...]) -> None:
        super().__init__(str(err))
        self.logs = logs


@define
class PlayedNode:
    """A chain of one slot. It runs a swap as transfers with the market maker, and `also` within it, as a thief would.

    `slots` are what its answers say, the last one for ever; `tables` its lookup tables; `short` is what a swap keeps
    back of its output. `told` is what it was asked; of `meanwhile` one is done for each.
    """

    svm: LiteSVM = field(factory=LiteSVM)
    also: list[Instruction] = field(factory=list)
    short: int = 0
    slots: list[int] = field(factory=lambda: [100])
    tables: dict[str, Sequence[str]] = field(factory=dict)
    told: list[str] = field(factory=list)
    meanwhile: list[Callable[[], None]] = field(factory=list)
    swaps: Swaps = field(factory=lambda: Swaps(Markets(1), MAKER))

    def __attrs_post_init__(self) -> None:
        self.svm.with_sigverify(False)
        self.svm.with_blockhash_check(False)
        for key, account in accounts(self.swaps).items():
            self.svm.set_account(key, account)
        self.svm.set_account(WALLET, Account(10**10, b"", SYSTEM))
        self.give(USDC, 1_000 * 10**6)

    def give(self, token: Token, amount: int, owner: Pubkey = WALLET) -> None:
        self.svm.set_account(own(token, owner), token_account(token, owner, amount))

    def price(self, given: Token, got: Token, amount_in: int, dex: Dex = METEORA_DLMMS) -> int:
        """Return what a swap gets here."""
        pool = self.swaps.markets.pools[pool_key(dex, given.mint, got.mint)]
        offer = self.swaps.markets.offer(pool, given.mint, amount_in, 1)
        assert offer is not None
        return offer.amount_out - self.short

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        self.told.append("accounts")
        states = tuple(_state(self.svm.get_account(Pubkey.from_string(each))) for each in addresses)
        return Accounts(self._slot(), states)

    async def simulate(self, raw: bytes, addresses: Sequence[str]) -> Simulation:
        self.told.append("simulate")
        message = decoded(raw, WALLET)
        slot = self._slot()
        try:
            after, units = self.run(message)
        except Refused as refused:
            return Simulation(str(refused), refused.logs, 0, slot, ())
        states = [_state(after.get(key, self.svm.get_account(key))) for key in map(Pubkey.from_string, addresses)]
        return Simulation(None, (), units, slot, tuple(states))

    async def before_and_after(self, raw: bytes, addresses: Sequence[str]) -> tuple[Accounts, Simulation]:
        return await self.accounts(addresses), await self.simulate(raw, addresses)

    async def lookup_tables(self, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return {each: self.tables[each] for each in addresses if each in self.tables}

    def run(self, message: MessageV0) -> tuple[dict[Pubkey, Account], int]:
        """Return the accounts that it changes, as they are after it, and its compute units. Raises Refused."""
        run = self._replaced(message)
        ran = self.svm.simulate_transaction(run)
        if isinstance(ran, FailedTransactionMetadata):
            raise Refused(ran.err(), tuple(ran.meta().logs()))
        after = dict(ran.post_accounts())
        # The market maker's signature stands in for a program: it costs nothing.
        back = SIGNATURE_LAMPORTS * (len(run.signatures) - 1)
        after[WALLET] = Account(after[WALLET].lamports + back, after[WALLET].data, after[WALLET].owner)
        return after, ran.meta().compute_units_consumed()

    def _slot(self) -> int:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.slots.pop(0) if len(self.slots) > 1 else self.slots[0]

    def _replaced(self, message: MessageV0) -> VersionedTransaction:
        build = resolved(message, self.tables)
        run: list[Instruction] = []
        for call in build.calls:
            metas = [AccountMeta(key, key == WALLET, key in build.writable) for key in call.accounts]
            replaced = self.swaps.replaced(Instruction(call.program, call.data, metas), 1)
            if replaced is None:
                run.append(Instruction(call.program, call.data, metas))
                continue
            if replaced.code is not None:
                raise Refused(replaced.code, replaced.logs)
            given, got = replaced.transfers
            amount = struct.unpack_from("<Q", bytes(got.data), 1)[0] - self.short
            run += [given, Instruction(got.program_id, b"\3" + struct.pack("<Q", amount), got.accounts), *self.also]
        message = MessageV0.try_compile(WALLET, run, [], message.recent_blockhash)
        return VersionedTransaction.populate(message, [Signature.default()] * message.header.num_required_signatures)


def _state(account: Account | None) -> AccountState | None:
    if account is None or account.lamports == 0:
        return None
    return AccountState(account.lamports, str(account.owner), bytes(account.data))


async def judged(node: PlayedNode, build: bytes, swap: WantedSwap) -> MessageV0:
    """Return the message that the judge would have signed."""
    message = await Judge(node).approved(build, swap, BLOCKHASH)
    return MessageV0.from_bytes(message[1:])
