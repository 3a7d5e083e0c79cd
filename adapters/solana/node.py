"""One node of the chain, asked over JSON-RPC: what each method is asked with, and what its answers mean."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from solders.address_lookup_table_account import ID as LOOKUP_TABLES
from solders.address_lookup_table_account import AddressLookupTable
from solders.hash import Hash, ParseHashError

from adapters.solana.answers import (
    U64,
    AccountAnswer,
    BlockhashAnswer,
    Commitment,
    Context,
    EpochAnswer,
    EpochInfo,
    Landed,
    Seen,
    SimulationAnswer,
    StatusAnswer,
    TransactionAnswer,
    read,
    states,
)
from adapters.solana.judge.node import Accounts, AccountState, Blockhash, Simulation
from adapters.solana.pace import Pace
from adapters.solana.tips import Tips
from adapters.solana.venue_api import NONSENSE, VenueApi
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock

# For how many blocks a blockhash is taken.
VALID_BLOCKS = 150
UNHEALTHY = -32005
# Of an account: a token account with its extensions is smaller. Of a lookup table: it holds 256 addresses at most.
_ACCOUNT_BYTES, _TABLE_BYTES = 1024, 56 + 256 * 32
_OPEN_TABLE = 2**64 - 1
_CONFIRMED = {"commitment": Commitment.CONFIRMED.value}
_BASE64 = {"encoding": "base64"}
_ACCOUNTS, _SIMULATE = "getMultipleAccounts", "simulateTransaction"

Answer = TypeVar("Answer")


class NodeRefused(VenueUnavailable):
    """The node answered with an error; of a transaction that was sent it says nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a node answered with error {code}")
        self.error = code


class SolanaNode:
    """A node, called `name` where its calls are counted: its URL may hold a key. All calls raise VenueUnavailable.

    It is asked at most `calls_per_second` times; a call that would have to wait for longer than it may take is refused.
    """

    def __init__(
        self, name: str, url: str, clock: Clock, tips: Tips, *, timeout_seconds: float, calls_per_second: float
    ) -> None:
        self.name = name
        self._url = url
        self._api = VenueApi(name, clock, timeout_seconds, {})
        self._pace = Pace(clock, calls_per_second, timeout_seconds)
        self._tips = tips
        self._genesis: str | None = None

    async def open(self) -> None:
        """Get ready; the first call connects."""
        await self._api.open()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._api.close()

    async def latest_blockhash(self) -> Blockhash:
        """Return a blockhash that no fork drops, hardly ever. One whose height is really a slot is refused."""
        said = await self._in_context("getLatestBlockhash", [_CONFIRMED], BlockhashAnswer)
        slot, last = said.context.slot, said.value.last_valid_block_height
        if last - VALID_BLOCKS >= slot:
            raise VenueUnavailable("a node takes slots for heights")
        return Blockhash(_hash(said.value.blockhash), last, slot, await self.genesis())

    async def genesis(self) -> str:
        """Return the hash of the chain's first block, which names the chain; it is asked for once."""
        if self._genesis is None:
            self._genesis = _hash(await self._call("getGenesisHash", [], str))
        return self._genesis

    async def send(self, raw: bytes) -> None:
        """Have a transaction relayed once; that it was says nothing. It was simulated before it was signed."""
        config = {**_BASE64, "skipPreflight": True, "maxRetries": 0}
        await self._call("sendTransaction", [b64encode(raw).decode(), config], str)

    async def statuses(self, signatures: Sequence[str], *, history: bool) -> Sequence[Seen]:
        """Return what it knows of each, 256 at most; without `history` only of the last minutes."""
        config = {"searchTransactionHistory": history}
        said = await self._in_context("getSignatureStatuses", [list(signatures), config], list[StatusAnswer | None])
        slot = said.context.slot
        if len(said.value) != len(signatures):
            raise VenueUnavailable(NONSENSE)
        return [
            Seen(None, None, slot) if each is None else Seen(each.commitment, each.err, slot) for each in said.value
        ]

    async def status(self, signature: str) -> Seen:
        """Return what it knows of a signature, however old."""
        return (await self.statuses([signature], history=True))[0]

    async def epoch_info(self) -> EpochInfo:
        """Return how far the chain is finalized."""
        said = await self._call("getEpochInfo", [{"commitment": Commitment.FINALIZED.value}], EpochAnswer)
        return EpochInfo(said.block_height, said.absolute_slot)

    async def first_slot(self) -> int:
        """Return the first slot that its history has: of transactions before it knows nothing."""
        slot: int = await self._call("getFirstAvailableBlock", [], U64)
        return slot

    async def transaction(self, signature: str, commitment: Commitment = Commitment.CONFIRMED) -> Landed | None:
        """Return a transaction that a block has, of this commitment at least; None when it has not, or not yet."""
        config = {"encoding": "json", "commitment": commitment.value, "maxSupportedTransactionVersion": 0}
        said = await self._call("getTransaction", [signature, config], TransactionAnswer | None)
        return None if said is None else said.landed(signature)

    async def simulate(self, raw: bytes, addresses: Sequence[str]) -> Simulation:
        """Run it with a blockhash that the node surely knows, which changes nothing else."""
        said = await self._in_context(_SIMULATE, _simulation(raw, addresses), SimulationAnswer)
        return _ran(said, len(addresses))

    async def before_and_after(self, raw: bytes, addresses: Sequence[str]) -> tuple[Accounts, Simulation]:
        """Ask for both in one batch."""
        asked = {_ACCOUNTS: _beginnings(addresses, _ACCOUNT_BYTES), _SIMULATE: _simulation(raw, addresses)}
        before, after = await self._calls(list(asked.items()))
        found = self._of_context(_ACCOUNTS, read(before, _InContext[list[AccountAnswer | None]]))
        ran = self._of_context(_SIMULATE, read(after, _InContext[SimulationAnswer]))
        return Accounts(found.context.slot, states(found.value, len(addresses))), _ran(ran, len(addresses))

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        """Return these accounts, all of one slot, with the beginnings of their data."""
        return await self._accounts(addresses, _ACCOUNT_BYTES)

    async def lookup_tables(self, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return what these lookup tables hold; one that is none, or is to be closed, is left out."""
        found = (await self._accounts(addresses, _TABLE_BYTES)).accounts
        tables = {address: _table(account) for address, account in zip(addresses, found, strict=True)}
        return {address: entries for address, entries in tables.items() if entries is not None}

    async def _accounts(self, addresses: Sequence[str], most: int) -> Accounts:
        said = await self._in_context(_ACCOUNTS, _beginnings(addresses, most), list[AccountAnswer | None])
        return Accounts(said.context.slot, states(said.value, len(addresses)))

    async def _in_context(self, method: str, params: Sequence[Any], kind: type[Answer]) -> "_InContext[Answer]":
        said: _InContext[Answer] = await self._call(method, params, _InContext[kind])  # type: ignore[valid-type]
        return self._of_context(method, said)

    def _of_context(self, method: str, said: "_InContext[Answer]") -> "_InContext[Answer]":
        self._tips.require_near(method, said.context.slot)
        return said

    async def _call(self, method: str, params: Sequence[Any], kind: Any) -> Any:
        await self._pace.turn()
        body = msgspec.json.encode(_asked(1, method, params))
        return read(_result(read(await self._api.post(method, self._url, body), _Reply)), kind)

    async def _calls(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[msgspec.Raw]:
        """Return the results of several calls in one request, in their order."""
        for _ in calls:
            await self._pace.turn()
        body = msgspec.json.encode([_asked(number, *call) for number, call in enumerate(calls)])
        said = read(await self._api.post(calls[-1][0], self._url, body), list[_Reply])
        replies = {each.id: each for each in said}
        if replies.keys() != set(range(len(calls))):
            raise VenueUnavailable(NONSENSE)
        return [_result(replies[number]) for number in range(len(calls))]


class _Error(msgspec.Struct):
    code: int


class _Reply(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class _InContext(msgspec.Struct, Generic[Answer]):
    context: Context
    value: Answer


def _asked(number: int, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _result(said: _Reply) -> msgspec.Raw:
    if said.error is not None:
        raise NodeRefused(said.error.code)
    return said.result


def _beginnings(addresses: Sequence[str], most: int) -> Sequence[Any]:
    return [list(addresses), {**_CONFIRMED, **_BASE64, "dataSlice": {"offset": 0, "length": most}}]


def _simulation(raw: bytes, addresses: Sequence[str]) -> Sequence[Any]:
    config: dict[str, Any] = {**_CONFIRMED, **_BASE64, "sigVerify": False, "replaceRecentBlockhash": True}
    config["accounts"] = {**_BASE64, "addresses": list(addresses)}
    return [b64encode(raw).decode(), config]


def _ran(said: _InContext[SimulationAnswer], count: int) -> Simulation:
    ran, slot = said.value, said.context.slot
    logs = tuple(ran.logs or ())
    if ran.err is not None:
        return Simulation(ran.err, logs, ran.units_consumed or 0, slot, ())
    if ran.units_consumed is None:
        raise VenueUnavailable(NONSENSE)
    return Simulation(None, logs, ran.units_consumed, slot, states(ran.accounts or (), count))


def _hash(text: str) -> str:
    try:
        return str(Hash.from_string(text))
    except ParseHashError as error:
        raise VenueUnavailable(NONSENSE) from error


def _table(account: AccountState | None) -> Sequence[str] | None:
    if account is None or account.owner != str(LOOKUP_TABLES):
        return None
    try:
        table = AddressLookupTable.deserialize(account.data)
    except ValueError:
        return None
    return [str(each) for each in table.addresses] if table.meta.deactivation_slot == _OPEN_TABLE else None
