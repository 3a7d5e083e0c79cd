"""Jupiter's Swap API v2, https://api.jup.ag/swap/v2: `GET /build` quotes, and gives the swap's instructions with it.

Its lookup tables and its blockhash are not believed: ours are read from our own node.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from adapters.solana.judge.assemble import assemble
from adapters.solana.market import Ask, Offer, plausible
from adapters.solana.priority import Priority
from adapters.solana.venue_api import NONSENSE, Units, VenueApi, read
from application.ports.errors import VenueUnavailable

URL = "https://api.jup.ag/swap/v2"
# Its own most is 64. The judge adds an instruction, and all has to fit into one transaction.
MOST_ACCOUNTS = "60"
_SET_UNIT_PRICE = 3

Address = Annotated[str, Meta(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}\Z")]


class _Account(msgspec.Struct, rename="camel"):
    pubkey: Address
    is_signer: bool
    is_writable: bool


class _Instruction(msgspec.Struct, rename="camel"):
    program_id: Address
    accounts: list[_Account]
    data: str

    def decoded(self) -> Instruction:
        accounts = [AccountMeta(Pubkey.from_string(a.pubkey), a.is_signer, a.is_writable) for a in self.accounts]
        return Instruction(Pubkey.from_string(self.program_id), b64decode(self.data, validate=True), accounts)


class _Build(msgspec.Struct, rename="camel"):
    in_amount: Units
    out_amount: Units
    other_amount_threshold: Units
    compute_budget_instructions: list[_Instruction]
    setup_instructions: list[_Instruction]
    swap_instruction: _Instruction
    other_instructions: list[_Instruction]
    price_impact_pct: Decimal = Decimal(0)
    cleanup_instruction: _Instruction | None = None
    addresses_by_lookup_table_address: dict[Address, list[Address]] | None = None

    def instructions(self) -> list[Instruction]:
        """Return all in their order. Its tip, for landing that Jupiter would do, is none of them."""
        setup = [*self.compute_budget_instructions, *self.setup_instructions]
        cleanup = [] if self.cleanup_instruction is None else [self.cleanup_instruction]
        return [each.decoded() for each in (*setup, self.swap_instruction, *cleanup, *self.other_instructions)]


class LookupTables(Protocol):
    """Where lookup tables are read."""

    async def lookup_tables(self, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return what these hold; one that is none is left out. Raises VenueUnavailable."""
        ...


class JupiterMarket:
    """A `Market`: all that Jupiter routes through, or the venues of these labels only, such as `Meteora DLMM`."""

    def __init__(
        self, api: VenueApi, tables: LookupTables, priority: Priority, url: str = URL, dexes: Sequence[str] = ()
    ) -> None:
        self._api = api
        self._tables = tables
        self._priority = priority
        self._url = url
        self._dexes = {"dexes": ",".join(dexes)} if dexes else {}

    async def open(self) -> None:
        await self._api.open()

    async def close(self) -> None:
        await self._api.close()

    async def offer(self, ask: Ask) -> Offer:
        """Quote and build in one call, so that only its instructions are left to put together."""
        params = {
            "inputMint": ask.input.address,
            "outputMint": ask.output.address,
            "amount": str(ask.amount_in),
            "taker": ask.wallet,
            "slippageBps": str(ask.slippage_bps),
            "maxAccounts": MOST_ACCOUNTS,
            "computeUnitPricePercentile": self._priority.of_jupiter,
            **self._dexes,
        }
        answer = await self._api.get("quote", f"{self._url}/build", params)
        build = read(answer, _Build)
        if int(build.in_amount) != ask.amount_in:
            raise VenueUnavailable(NONSENSE)
        return Offer(
            int(build.out_amount), int(build.other_amount_threshold), plausible(build.price_impact_pct), answer
        )

    async def built(self, ask: Ask, offer: Offer) -> bytes:
        build = read(offer.route, _Build)
        try:
            instructions = [self._affordable(each) for each in build.instructions()]
        except ValueError as error:
            raise VenueUnavailable(NONSENSE) from error
        addresses = list(build.addresses_by_lookup_table_address or ())
        tables = await self._tables.lookup_tables(addresses) if addresses else {}
        return assemble(instructions, tables, ask.wallet, str(Hash.default()))

    def _affordable(self, instruction: Instruction) -> Instruction:
        """Return an instruction, that of the compute units' price with one that can be paid."""
        data = instruction.data
        if instruction.program_id != COMPUTE_BUDGET or data[:1] != bytes([_SET_UNIT_PRICE]):
            return instruction
        return set_compute_unit_price(self._priority.unit_price(int.from_bytes(data[1:9], "little")))
