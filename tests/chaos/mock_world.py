"""The mock venues behind HTTP, with faults on."""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from attrs import frozen

from simulators.venue.ledger import Entry, LedgerReader
from simulators.venue.wire import entry_fields
from tests.chaos.plan import Kind
from tests.chaos.world import Row, Swap


@frozen
class MockWorld:
    """Two venues whose swaps take no chain."""

    ledger: Path
    seed: int
    command: ClassVar[str] = "venue-simulator"
    port_setting: ClassVar[str] = "SIMULATOR_PORT"
    clients: ClassVar[int] = 10
    harms: ClassVar[Sequence[Kind]] = tuple(Kind)
    webhooks: ClassVar[float] = 0.4

    @property
    def settings(self) -> Mapping[str, str]:
        """Faults on all calls, and swaps that are quick."""
        return {
            "MOCK_SEED": str(self.seed),
            "MOCK_QUOTE_MS": "50",
            "MOCK_BUILD_MS": "80",
            "MOCK_SWAP_MIN_MS": "100",
            "MOCK_SWAP_MAX_MS": "300",
            "MOCK_FAILURE_RATE": "0.1",
            "SIMULATOR_FAULT_RATE": "0.15",
            "SIMULATOR_SLOW_MS": "2000",
            "SIMULATOR_LEDGER": str(self.ledger),
        }

    def trading(self, url: str) -> Mapping[str, str]:
        """Name both venues."""
        return {"VENUES": ",".join(f"{venue}={url}/{venue}" for venue in ("Raydium", "Meteora"))}

    async def begin(self, url: str) -> None:
        """Do nothing."""

    def wish(self, chance: random.Random) -> dict[str, Any]:
        """Draw an amount."""
        amount = f"{chance.randint(1, 10**10) / 10**8:.8f}"
        return {"inputToken": "SOL", "outputToken": "USDC", "amount": amount}

    async def settle(self, url: str) -> None:
        """Wait for nothing: what is not in the ledger is refused for ever, or its order has not ended."""

    def is_moving(self) -> bool:
        """Tell whether the venues have accepted what they have not ended."""
        with LedgerReader(self.ledger) as ledger:
            return any(True for _ in ledger.pending())

    def swaps(self, frames: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Swap]]:
        """Yield what the venues received: it says itself whose it is."""
        with LedgerReader(self.ledger) as ledger:
            for entry in ledger.all():
                sent = entry.transaction
                swap = Swap(sent.tx_hash, entry.status, entry.deliveries, entry_fields(entry), entry)
                yield sent.order_id, swap

    def contradictions(self, row: Row, landed: Sequence[Swap], execution: Row | None) -> Iterator[str]:
        """Compare hash, price and amount."""
        fills = [_fill(swap.entry) for swap in landed]
        if fills != [(row["tx_hash"], row["execution_price"], row["amount"])]:
            yield f"confirmed as {row['tx_hash']} at {row['execution_price']}, but the ledger has {fills}"

    def facts(self, executions: Sequence[Row]) -> Iterator[tuple[str, object]]:
        """Tell nothing that all worlds do not tell."""
        yield from ()

    def totals(self, executions: Sequence[Row]) -> Iterator[str]:
        """Say nothing: these venues have no balances."""
        yield from ()


def _fill(entry: Entry) -> tuple[str, object, object]:
    return entry.transaction.tx_hash, entry.fill and entry.fill.price, entry.transaction.amount
