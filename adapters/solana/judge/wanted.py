"""What a swap may do to its wallet, and how a build says that it would do more."""

from attrs import frozen

from domain.asset import Asset


@frozen
class WantedSwap:
    """The most that is given and the least that is got, in base units; both tokens are on Solana.

    `wallet` (its address) pays for all; the priority fee is at most `max_priority_lamports`. `reference` keeps this
    attempt of this order from all others, as two swaps alike would be one transaction.
    """

    wallet: str
    input: Asset
    output: Asset
    amount_in: int
    min_out: int
    max_priority_lamports: int
    reference: str


class UnsafeTransaction(Exception):
    """The build does something that the order does not ask for, or that nobody here can read. It is never signed."""


class SimulationFailed(Exception):
    """The node ran it, and the chain refused it: `err` is its error, `logs` what its programs said."""

    def __init__(self, err: object, logs: tuple[str, ...]) -> None:
        super().__init__(f"the simulation failed: {err}")
        self.err = err
        self.logs = logs
