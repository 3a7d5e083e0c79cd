"""Raydium and Meteora on the Solana simulator, with two nodes, all faults on, and wallets that pay by turns."""

import asyncio
import json
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import httpx
from attrs import frozen
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.token import ID as TOKEN_PROGRAM
from solders.token.state import TokenAccount
from solders.transaction import VersionedTransaction

from domain.transaction import TransactionStatus
from simulators.solana.slots import LAST_VALID
from simulators.solana.tokens import SOL, TOKEN_2022, USDC, Token
from tests.chaos.plan import Kind
from tests.chaos.world import Row, Swap

SLOT_MS = 40
FUNDED = {SOL: 10**15, USDC: 10**13}  # base units, of each wallet
WALLETS = 6
CLIENTS = 4
MOST_DIGITS = 8
# More than a run has time for: who is not in the file is paid for by the first wallet.
_USERS = [f"client-{client}-{wish}" for client in range(CLIENTS) for wish in range(500)]
# Until every blockhash that was ever given is taken no more, and a block since then is final.
LAPSED_SECONDS = (LAST_VALID * 2 + 64) * SLOT_MS / 1000
_SIGNATURES = "SELECT signature, raw, deliveries, state, landings, slot, fee, meta FROM signatures ORDER BY rowid"
_FINAL = ("finalized", "undone")
_STATUS = {"landed": TransactionStatus.LANDED, "failed": TransactionStatus.REJECTED}


@frozen
class Moved:
    """What a transaction did to its wallet by the chain's balances, in base units; native and wrapped SOL are one."""

    fee: int
    by_mint: Mapping[str, int]


@frozen
class SolanaWorld:
    """A chain of its own. `ledger` is the simulator's; the wallets' keys stand beside it."""

    ledger: Path
    seed: int
    command: ClassVar[str] = "solana-simulator"
    port_setting: ClassVar[str] = "SOLANA_SIMULATOR_PORT"
    clients: ClassVar[int] = CLIENTS
    webhooks: ClassVar[float] = 0.0
    harms: ClassVar[Sequence[Kind]] = tuple(kind for kind in Kind if kind is not Kind.SET_CLOCK)

    @property
    def wallets(self) -> Sequence[Pubkey]:
        """The wallets that pay, each for its share of the users: of those no two swaps change the same balances."""
        return [key.pubkey() for key in self._keys]

    @property
    def settings(self) -> Mapping[str, str]:
        """Faults everywhere; tokens that orders name."""
        return {
            "VENUE_TIMEOUT_MS": "3000",
            "TOKEN_LIST": "solana-mainnet",
            "MOCK_SEED": str(self.seed),
            "SOLANA_SIMULATOR_LEDGER": str(self.ledger),
            "SOLANA_SIMULATOR_SLOT_MS": str(SLOT_MS),
            "SOLANA_SIMULATOR_FAULT_RATE": "0.08",
        }

    def trading(self, url: str) -> Mapping[str, str]:
        """Name both venues, both nodes and the wallets."""
        places = [self._private(f"wallet-{at}.json", key.to_json()) for at, key in enumerate(self._keys)]
        turns = {user_id: places[at % WALLETS] for at, user_id in enumerate(_USERS)}
        meteora = f"jupiter:{url}/jupiter/swap/v2?dex=Meteora+DLMM&dex=Meteora+DAMM+v2"
        return {
            "VENUES": f"Raydium=raydium:{url}/raydium,Meteora={meteora}",
            "SOLANA_RPC_URLS": f"{url}/rpc/a,{url}/rpc/b",
            "SOLANA_WALLET": places[0],
            "SOLANA_WALLETS_FILE": self._private("wallets.json", json.dumps(turns)),
        }

    async def begin(self, url: str) -> None:
        """Fund the wallets."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for wallet, (token, amount) in product(self.wallets, FUNDED.items()):
                mint = {} if token is SOL else {"mint": str(token.mint)}
                gift = {"owner": str(wallet), "amount": amount, **mint}
                (await client.post(f"{url}/fund", json=gift)).raise_for_status()

    def wish(self, chance: random.Random) -> dict[str, Any]:
        """Draw a way, and an amount to the last digit that an order may have."""
        given, got = chance.choice(((SOL, USDC), (SOL, USDC), (USDC, SOL)))
        amount = Decimal(chance.randint(10**4, 10**8)).scaleb(-min(given.decimals, MOST_DIGITS))
        return {"inputToken": given.symbol, "outputToken": got.symbol, "amount": f"{amount:f}"}

    async def settle(self, url: str) -> None:
        """Wait until nothing that was ever signed can land any more, and have the chain make its blocks till then."""
        await asyncio.sleep(LAPSED_SECONDS)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            (await client.get(f"{url}/ledger")).raise_for_status()

    def is_moving(self) -> bool:
        """Tell that nothing moves: an order's end says so itself, and `settle` waits for the rest."""
        return False

    def swaps(self, frames: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Swap]]:
        """Yield every signature: the events of an order name each that was stored for it, before it was sent."""
        orders = {
            tx_hash: order_id
            for order_id, told in frames.items()
            for frame in told
            if (tx_hash := json.loads(frame).get("txHash"))
        }
        for row in self._read(_SIGNATURES):
            status = _STATUS.get(row["state"], TransactionStatus.DEAD)
            moved = self._moved(row) if row["meta"] else None
            told = {key: row[key] for key in ("signature", "state", "landings", "deliveries", "slot", "fee")}
            swap = Swap(row["signature"], status, row["deliveries"], {**told, "moved": moved}, (row, moved))
            yield orders.get(row["signature"], f"? {row['signature']}"), swap

    def contradictions(self, row: Row, landed: Sequence[Swap], execution: Row | None) -> Iterator[str]:
        """Compare the execution with the chain's balances."""
        if execution is None:
            yield "confirmed, but it has no execution"
            return
        hashes = [] if execution["finality"] == "undone" else [row["tx_hash"]]
        if execution["finality"] not in _FINAL:
            yield f"its execution is still {execution['finality']}"
        elif [swap.tx_hash for swap in landed] != hashes:
            yield f"{execution['finality']} as {row['tx_hash']}, but the ledger has {[s.tx_hash for s in landed]}"
        elif landed:
            entry, moved = landed[0].entry
            kept = tuple(execution[key] for key in ("amount_in", "amount_out", "network_fee", "slot"))
            if kept != (expected := _filled(execution, moved, entry["slot"])):
                yield f"its execution has {kept}, but on the chain it was {expected}"

    def facts(self, executions: Sequence[Row]) -> Iterator[tuple[str, object]]:
        """Count forks, signatures by where they are, and executions by whether they stay."""
        yield "forks", len(self._read("SELECT slot FROM forks"))
        states = self._read("SELECT state, count(*) AS n FROM signatures GROUP BY state ORDER BY state")
        yield "signatures by end", {row["state"]: row["n"] for row in states}
        [again] = self._read("SELECT count(*) AS n FROM signatures WHERE landings > 1")
        yield "signatures that landed again after a fork", again["n"]
        yield "executions by finality", dict(Counter(row["finality"] for row in executions))
        yield "executions by venue", dict(Counter(row["venue"] for row in executions))

    def totals(self, executions: Sequence[Row]) -> Iterator[str]:
        """Compare all that there is with what was made, and what the wallets have with their executions."""
        lamports, tokens, held = self._balances()
        made = {row["token"]: row["amount"] for row in self._read("SELECT token, amount FROM made")}
        fees = sum(row["fee"] for row in self._read("SELECT fee FROM signatures"))
        if lamports + fees != made.pop("lamports"):
            yield f"there are {lamports} lamports and {fees} of fees: not what was made"
        made.pop(str(SOL.mint), None)  # wrapped lamports come and go
        if {mint: amount for mint, amount in tokens.items() if mint != str(SOL.mint)} != made:
            yield f"there are tokens {tokens}, but {made} were made"
        settled = [row for row in executions if row["finality"] == "finalized"]
        expected = {token: amount * WALLETS for token, amount in FUNDED.items()}
        expected[SOL] -= fees
        for row in settled:
            given, got = _tokens(row)
            expected[given] -= _base(row["amount_in"], given)
            expected[got] += _base(row["amount_out"], got)
        if held != expected:
            yield f"the wallets have {_told(held)}, but by their executions they should have {_told(expected)}"

    @property
    def _keys(self) -> list[Keypair]:
        chance = random.Random(f"{self.seed}:wallets")  # noqa: S311 - of no worth
        return [Keypair.from_seed(chance.randbytes(32)) for _ in range(WALLETS)]

    def _private(self, name: str, text: str) -> str:
        path = self.ledger.with_name(name)
        path.touch(0o600)
        path.write_text(text)
        return str(path)

    def _moved(self, row: sqlite3.Row) -> Moved:
        """Read a transaction's effect out of its balances, apart from how the engine does."""
        meta, message = json.loads(row["meta"]), VersionedTransaction.from_bytes(row["raw"]).message
        assert isinstance(message, MessageV0)
        wallet = message.account_keys[0]
        assert wallet in self.wallets
        by_mint = defaultdict[str, int](int)
        for sign, balances in ((-1, meta["preTokenBalances"]), (1, meta["postTokenBalances"])):
            for each in balances:
                if each["owner"] == str(wallet):
                    by_mint[each["mint"]] += sign * int(each["uiTokenAmount"]["amount"])
        by_mint[str(SOL.mint)] += meta["postBalances"][0] - meta["preBalances"][0] + meta["fee"]
        return Moved(meta["fee"], {mint: amount for mint, amount in by_mint.items() if amount})

    def _balances(self) -> tuple[int, dict[str, int], dict[Token, int]]:
        """Return all lamports, all tokens by their mints, and what is the wallets'."""
        lamports, tokens = 0, defaultdict[str, int](int)
        held, wallets = dict.fromkeys(FUNDED, 0), self.wallets
        addresses = {bytes(wallet) for wallet in wallets}
        for row in self._read("SELECT address, lamports, owner, data FROM accounts"):
            lamports += row["lamports"]
            if row["address"] in addresses:
                held[SOL] += row["lamports"]
            if len(row["data"]) >= 165 and row["owner"] in (bytes(TOKEN_PROGRAM), bytes(TOKEN_2022)):
                account = TokenAccount.from_bytes(row["data"][:165])
                tokens[str(account.mint)] += account.amount
                for token in FUNDED:
                    if account.owner in wallets and account.mint == token.mint:
                        held[token] += account.amount
        return lamports, dict(tokens), held

    def _read(self, statement: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as file:
            file.row_factory = sqlite3.Row
            return file.execute(statement).fetchall()


def _filled(execution: Row, moved: Moved, slot: int) -> tuple[Decimal, Decimal, Decimal, int]:
    given, got = _tokens(execution)
    amounts = (-moved.by_mint.get(str(given.mint), 0), moved.by_mint.get(str(got.mint), 0), moved.fee)
    decimals = (given.decimals, got.decimals, SOL.decimals)
    given_amount, got_amount, fee = (Decimal(n).scaleb(-places) for n, places in zip(amounts, decimals, strict=True))
    return given_amount, got_amount, fee, slot


def _tokens(execution: Row) -> tuple[Token, Token]:
    named = {name: token for token in FUNDED for name in (token.symbol, str(token.mint))}
    return named[execution["input_token"]], named[execution["output_token"]]


def _base(amount: Decimal, token: Token) -> int:
    return int(amount.scaleb(token.decimals))


def _told(amounts: Mapping[Token, int]) -> dict[str, int]:
    return {token.symbol: amount for token, amount in amounts.items()}
