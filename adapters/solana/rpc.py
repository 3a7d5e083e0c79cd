"""The chain by several nodes: each call goes to the first that is fit, and to the next when it does not answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from typing import TypeVar

from adapters.batching import Batcher
from adapters.solana.answers import Commitment, EpochInfo, Landed, Seen
from adapters.solana.judge.node import Accounts, Blockhash, Simulation
from adapters.solana.node import UNHEALTHY, NodeRefused, SolanaNode
from adapters.solana.tips import Tips
from application.ports.errors import Overloaded, VenueUnavailable, VenueUnreachable
from application.ports.system import Clock

# A node that failed is asked again after so long, unless no other is left.
REST_SECONDS = 2.0
_SIGNATURES_MOST = 256
# Whoever waits for a swap asks twice a second: together they ask less often than each of them.
_STATUSES_APART = 0.02

Answer = TypeVar("Answer")


class SolanaRpc:
    """Nodes of one chain, the one that is preferred in front. Any call raises VenueUnavailable when none answers."""

    def __init__(
        self, urls: Sequence[str], clock: Clock, *, timeout_seconds: float = 3.0, calls_per_second: float = 100.0
    ) -> None:
        tips = Tips()
        self._nodes = tuple(
            SolanaNode(
                f"node {number}",
                url,
                clock,
                tips,
                timeout_seconds=timeout_seconds,
                calls_per_second=calls_per_second,
            )
            for number, url in enumerate(urls, 1)
        )
        self._clock = clock
        self._rest_until = dict.fromkeys(self._nodes, -inf)
        self._sent = 0
        self._statuses: Batcher[tuple[str, bool], Seen] = Batcher(
            self._all_statuses, most=_SIGNATURES_MOST, bound=100_000, apart=_STATUSES_APART, kind="solana_status"
        )

    async def open(self) -> None:
        """Get ready; the first call connects."""
        for node in self._nodes:
            await node.open()
        self._statuses.open()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._statuses.close()
        for node in self._nodes:
            await node.close()

    def nodes(self) -> Sequence[SolanaNode]:
        """Return the nodes one by one: what one alone says can be held against what another says."""
        return self._nodes

    async def latest_blockhash(self) -> Blockhash:
        """Return a blockhash to sign with."""
        return await self._first(lambda node: node.latest_blockhash())

    async def send(self, raw: bytes) -> None:
        """Have a node relay a transaction once; another one each time, as one may be cut off from the cluster."""
        self._sent += 1
        await self._first(lambda node: node.send(raw), start=self._sent - 1)

    async def status(self, signature: str, *, history: bool = True) -> Seen:
        """Return what a node knows of a signature; without `history` only of the last minutes, which is cheaper."""
        try:
            return await self._statuses.submit((signature, history))
        except Overloaded as error:
            raise VenueUnavailable("too many ask for swaps, or none may any more") from error

    async def epoch_info(self) -> EpochInfo:
        """Return how far the chain is finalized."""
        return await self._first(lambda node: node.epoch_info())

    async def transaction(self, signature: str, commitment: Commitment = Commitment.CONFIRMED) -> Landed | None:
        """Return a transaction that a block has, of this commitment at least; None when no node knows of that yet."""

        def call(node: SolanaNode) -> Awaitable[Landed | None]:
            return node.transaction(signature, commitment)

        for start in range(len(self._nodes)):
            if (found := await self._first(call, start)) is not None:
                return found
        return None

    async def simulate(self, raw: bytes, addresses: Sequence[str]) -> Simulation:
        """Return what this transaction would do, its signature unchecked, and these accounts after it."""
        return await self._first(lambda node: node.simulate(raw, addresses))

    async def before_and_after(self, raw: bytes, addresses: Sequence[str]) -> tuple[Accounts, Simulation]:
        """Return these accounts and what this transaction would do, asked for in one request: mostly of one slot."""
        return await self._first(lambda node: node.before_and_after(raw, addresses))

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        """Return these accounts, all of one slot."""
        return await self._first(lambda node: node.accounts(addresses))

    async def lookup_tables(self, addresses: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return what these lookup tables hold; one that is none, or is to be closed, is left out."""
        return await self._first(lambda node: node.lookup_tables(addresses))

    async def _all_statuses(self, asked: Sequence[tuple[str, bool]]) -> Sequence[Seen]:
        history = any(each for _, each in asked)
        signatures = [signature for signature, _ in asked]
        return await self._first(lambda node: node.statuses(signatures, history=history))

    async def _first(self, call: Callable[[SolanaNode], Awaitable[Answer]], start: int = 0) -> Answer:
        """Return what the first node says that answers. Unreachable is only what no node can be reached for."""
        failure: VenueUnavailable | None = None
        for node in self._in_order(start):
            try:
                answer = await call(node)
            except VenueUnavailable as error:
                if not isinstance(error, NodeRefused) or error.error == UNHEALTHY:
                    self._rest_until[node] = self._clock.monotonic() + REST_SECONDS
                if failure is None or isinstance(failure, VenueUnreachable):
                    failure = error
            else:
                self._rest_until[node] = -inf
                return answer
        raise failure or VenueUnavailable("there is no node")

    def _in_order(self, start: int) -> Sequence[SolanaNode]:
        """Return the nodes from `start` on, those last that failed a moment ago."""
        now, first = self._clock.monotonic(), start % len(self._nodes)
        turned = (*self._nodes[first:], *self._nodes[:first])
        return sorted(turned, key=lambda node: self._rest_until[node] > now)
