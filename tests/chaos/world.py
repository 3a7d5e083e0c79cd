"""What a fleet trades at, and what can be known from there once all is calm."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from domain.transaction import TransactionStatus
from tests.chaos.plan import Kind

Row = Mapping[str, Any]


@frozen
class Swap:
    """A transaction as its venue's ledger has it; `told` is all of that, for a person. `entry` is the ledger's own."""

    tx_hash: str
    status: TransactionStatus
    deliveries: int
    told: object = field(repr=False)
    entry: Any = field(repr=False)


class World(Protocol):
    """The venues' process and its ledger; `command` and `port_setting` start it. `settings` are for all processes.

    As many `clients` order as the machine that runs it all can serve; `harms` are what is done to the fleet. `webhooks`
    is the share of users who have one.
    """

    @property
    def command(self) -> str: ...

    @property
    def port_setting(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def clients(self) -> int: ...

    @property
    def harms(self) -> Sequence[Kind]: ...

    @property
    def webhooks(self) -> float: ...

    def trading(self, url: str) -> Mapping[str, str]:
        """Return the settings that lead a worker to the venues, at this URL."""
        ...

    async def begin(self, url: str) -> None:
        """Do what must be done before the first order."""
        ...

    def wish(self, chance: random.Random) -> dict[str, Any]:
        """Draw what an order swaps: its tokens and amount."""
        ...

    async def settle(self, url: str) -> None:
        """Return when no swap can land any more that has not: the orders have all ended."""
        ...

    def is_moving(self) -> bool:
        """Tell whether a swap is on its way."""
        ...

    def swaps(self, frames: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Swap]]:
        """Yield each transaction of the ledger with its order's id; `frames` are the events of each order."""
        ...

    def contradictions(self, row: Row, landed: Sequence[Swap], execution: Row | None) -> Iterator[str]:
        """Say where a confirmed order and its execution are not what landed."""
        ...

    def facts(self, executions: Sequence[Row]) -> Iterator[tuple[str, object]]:
        """Yield lines for the table of what happened."""
        ...

    def totals(self, executions: Sequence[Row]) -> Iterator[str]:
        """Say where all balances together are not what the executions say."""
        ...
