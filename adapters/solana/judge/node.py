"""What the judge asks a node of the chain."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen


@frozen
class AccountState:
    """An account: which program `owner` it belongs to, and its `data`."""

    lamports: int
    owner: str
    data: bytes = field(repr=False)


@frozen
class Accounts:
    """Accounts as they were at a slot, in the order in which they were asked for; None: there is none."""

    slot: int
    accounts: tuple[AccountState | None, ...]


@frozen
class Simulation:
    """What a transaction would do at a slot: `accounts` after it, in the order in which they were asked for."""

    err: object
    logs: tuple[str, ...]
    units: int
    slot: int
    accounts: tuple[AccountState | None, ...]


@frozen
class Blockhash:
    """What a transaction is signed with; it is taken up to this height and never after it.

    `slot` is where the chain was when a node gave it: no transaction with it can be in a slot before. 0: not known.
    `genesis` names the chain, which is the only one that takes it.
    """

    hash: str
    last_valid_height: int
    slot: int = 0
    genesis: str = ""


class Node(Protocol):
    """A node, asked at `confirmed`. All raise VenueUnavailable."""

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        """Return these accounts, all of one slot."""
        ...

    async def simulate(self, raw: bytes, addresses: Sequence[str]) -> Simulation:
        """Return what this transaction would do, its signature unchecked, and these accounts after it."""
        ...

    async def before_and_after(self, raw: bytes, addresses: Sequence[str]) -> tuple[Accounts, Simulation]:
        """Return these accounts and what this transaction would do, asked for in one request: mostly of one slot."""
        ...

    async def lookup_tables(self, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return what these lookup tables hold; one that is none, or is to be closed, is left out."""
        ...
