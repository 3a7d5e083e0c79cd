"""Venues over HTTP: how they are asked, and what each way of not answering means. See docs/adding-a-venue.md."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote as quoted

import httpx
from attrs import frozen

from adapters.dex.connections import Connections
from adapters.dex.wire import (
    NONSENSE,
    Answer,
    BuildAnswer,
    QuoteAnswer,
    TransactionAnswer,
    build_body,
    quote_body,
    read,
    submit_body,
)
from application import observe
from application.ports.dex_gateway import Quotes
from application.ports.errors import TransactionRejected, VenueUnavailable
from application.ports.system import Clock
from domain.order import Order
from domain.routing import Quote
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus, limit_price

POLL_SECONDS = 0.5
_NO_TIME_LEFT = "took too long"
_JSON = {"Content-Type": "application/json"}
_NONE: Mapping[str, str] = {}


@frozen
class _Call:
    """What is asked of a venue; `name` is what it is counted under."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = _NONE


class HttpDexGateway:
    """A `DexGateway` of venues at their own URLs, `venues` in the order in which they are told to clients.

    `timeout_seconds` is for each quote, build and lookup, `swap_timeout_seconds` for a swap until its end.
    `connections` is the most for each venue: an order needs one at a time. Quotes, builds and lookups take turns to
    start, and waiting for its turn is not counted as the venue's time.
    """

    def __init__(
        self,
        venues: Mapping[str, str],
        clock: Clock,
        *,
        expiry_seconds: float,
        timeout_seconds: float = 3.0,
        swap_timeout_seconds: float = 10.0,
        connections: int = 500,
    ) -> None:
        self.venues = tuple(venues)
        self._urls = dict(venues)
        self._clock = clock
        self._expiry = timedelta(seconds=expiry_seconds)
        self._timeout = timeout_seconds
        self._swap_timeout = swap_timeout_seconds
        self._most = connections
        self._connections: dict[str, Connections] = {}

    async def open(self) -> None:
        """Get ready; the first call to a venue connects."""
        tls = await asyncio.to_thread(httpx.create_ssl_context)
        self._connections = {name: Connections(url, self._most, tls) for name, url in self._urls.items()}

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        for connections in self._connections.values():
            await connections.close()

    async def quotes(self, order: Order) -> Quotes:
        """Ask all venues; each has the whole timeout, whatever the others do."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._quote(venue, order)) for venue in self._urls]
        answers = [task.result() for task in tasks]
        refusals = zip(self._urls, answers, strict=True)
        return Quotes(
            tuple(answer for answer in answers if isinstance(answer, Quote)),
            tuple((venue, str(why)) for venue, why in refusals if isinstance(why, VenueUnavailable)),
        )

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Have the venue name the transaction. Its time to expire starts with the call, not after it."""
        limit = limit_price(quote.price, order.slippage_bps)
        async with self._turn(quote.dex):
            expires_at = self._clock.now() + self._expiry
            call = _Call("build", "POST", "builds", build_body(order, limit, expires_at))
            answer = await self._call(quote.dex, call, BuildAnswer, self._timeout)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=answer.tx_hash,
            venue=quote.dex,
            amount=order.amount,
            limit_price=limit,
            expires_at=expires_at,
        )

    async def execute(self, transaction: Transaction) -> Fill:
        """Send it, and wait at the venue for its end; ask again if the venue does not wait."""
        deadline = asyncio.get_running_loop().time() + self._swap_timeout
        report = await self._submit(transaction)
        try:
            async with asyncio.timeout_at(deadline):
                while report.status is TransactionStatus.PENDING:
                    await self._clock.sleep(POLL_SECONDS)
                    report = await self.lookup(transaction)
        except TimeoutError as error:
            raise VenueUnavailable(_NO_TIME_LEFT) from error
        if report.reason is not None:
            raise TransactionRejected(report.reason)
        if report.fill is None:
            raise VenueUnavailable(NONSENSE)  # it was sent, and the venue says that it never saw it
        return report.fill

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Ask the venue that it was built for. UNKNOWN is only what the venue calls so, never a 404."""
        call = _Call("lookup", "GET", _path(transaction))
        answer = await self._ask(transaction.venue, call, TransactionAnswer)
        return answer.report(transaction.tx_hash)

    async def _submit(self, transaction: Transaction) -> TransactionReport:
        # The venue gets less time than we wait: an answer that it is still on its way is worth more than none.
        wait = max(0, int(self._swap_timeout - self._timeout))
        prefer = {"Prefer": f"wait={wait}"}
        call = _Call("submit", "PUT", _path(transaction), submit_body(transaction), prefer)
        answer = await self._call(transaction.venue, call, TransactionAnswer, self._swap_timeout)
        return answer.report(transaction.tx_hash)

    async def _quote(self, venue: str, order: Order) -> Quote | VenueUnavailable:
        try:
            answer = await self._ask(venue, _Call("quote", "POST", "quotes", quote_body(order)), QuoteAnswer)
            return answer.quote(venue)
        except VenueUnavailable as refusal:
            return refusal

    async def _ask(self, venue: str, call: _Call, kind: type[Answer]) -> Answer:
        """Make a short call in its turn. Raises as `_call` does."""
        async with self._turn(venue):
            return await self._call(venue, call, kind, self._timeout)

    def _turn(self, venue: str) -> AbstractAsyncContextManager[None]:
        return self._at(venue).turn(self._timeout / 4)

    async def _call(self, venue: str, call: _Call, kind: type[Answer], seconds: float) -> Answer:
        """Call a venue and count how it ended. Raises VenueUnavailable unless it answers 200, as `kind`, in time."""
        connections = self._at(venue)
        begun = self._clock.monotonic()
        outcome = "cut_off"  # by whoever waits for it
        try:
            answer = await self._exchange(connections, call, kind, seconds)
            outcome = "rejected" if _is_rejection(answer) else "ok"
            return answer
        except VenueUnavailable as error:
            outcome = _kind_of(error)
            raise
        finally:
            observe.venue_called(venue, call.name, outcome, self._clock.monotonic() - begun)

    async def _exchange(self, connections: Connections, call: _Call, kind: type[Answer], seconds: float) -> Answer:
        headers = {**_JSON, **call.headers}
        try:
            async with asyncio.timeout(seconds), connections.one() as client:
                response = await client.request(call.method, call.path, content=call.body, headers=headers)
        except TimeoutError as error:
            raise VenueUnavailable(_NO_TIME_LEFT) from error
        except httpx.HTTPError as error:
            raise VenueUnavailable("cannot be reached") from error
        if response.status_code != HTTPStatus.OK:
            raise VenueUnavailable(f"answered {response.status_code}")
        return read(response.content, kind)

    def _at(self, venue: str) -> Connections:
        try:
            return self._connections[venue]
        except KeyError as error:
            raise VenueUnavailable("is not among the venues") from error


def _path(transaction: Transaction) -> str:
    return f"transactions/{quoted(transaction.tx_hash, safe='')}"


def _is_rejection(answer: object) -> bool:
    return isinstance(answer, TransactionAnswer) and answer.status is TransactionStatus.REJECTED


def _kind_of(error: VenueUnavailable) -> str:
    match error.__cause__:
        case TimeoutError():
            return "timeout"
        case httpx.HTTPError():
            return "unreachable"
    return "bad_answer"
