"""A venue over HTTP: how it is asked, and what each way of not answering means. See docs/venue-http.md."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import httpx
from attrs import frozen

from adapters.http_venue.connection import FAILURES
from adapters.http_venue.connections import Connections
from adapters.http_venue.wire import (
    NONSENSE,
    Answer,
    BuildAnswer,
    HistoryAnswer,
    QuoteAnswer,
    TransactionAnswer,
    build_body,
    quote_body,
    read,
    submit_body,
)
from adapters.reach import is_unreachable
from application import observe
from application.observe import tracing
from application.ports.errors import NotOffered, VenueUnavailable, VenueUnreachable
from application.ports.system import Clock
from application.ports.venue_history import Received
from domain.order import Order
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport, TransactionStatus, limit_price

POLL_SECONDS = 0.5
# The share of a short call's time in which the venue is reached, or is not: the rest is for its answer.
REACH_SHARE = 0.6
# The most of an answer's body that is read, and of one page of a list's.
ANSWER_BYTES = 64 * 1024
LIST_BYTES = 1024 * 1024
MOST_PAGES = 10_000
_NO_TIME_LEFT = "took too long"
_JSON = {"Content-Type": "application/json"}
_NOT_OFFERED = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
_NONE: Mapping[str, str] = {}


@frozen
class _Call:
    """What is asked of a venue; `name` is what it is counted under."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = _NONE
    optional: bool = False
    most_bytes: int = ANSWER_BYTES


class HttpVenue:
    """A `Venue` at a URL. A transaction is good for `valid_seconds` by the venue's clock; ours decides nothing.

    `timeout_seconds` is for each quote, build and lookup, `swap_timeout_seconds` for a swap until its end. An order
    needs one of up to `connections` at a time. Quotes, builds and lookups take turns to start, and waiting for its turn
    is not counted as the venue's time. A venue that does not even acknowledge is unreachable before a call's time ends.
    """

    def __init__(
        self,
        name: str,
        url: str,
        clock: Clock,
        *,
        valid_seconds: float,
        timeout_seconds: float = 3.0,
        swap_timeout_seconds: float = 10.0,
        connections: int = 500,
    ) -> None:
        self.name = name
        self._url = url
        self._clock = clock
        self._valid_seconds = valid_seconds
        self._timeout = timeout_seconds
        self._swap_timeout = swap_timeout_seconds
        self._most = connections
        self._open: Connections | None = None

    async def open(self) -> None:
        """Get ready; the first call connects."""
        tls = await asyncio.to_thread(httpx.create_ssl_context)
        reach_seconds = REACH_SHARE * min(self._timeout, self._swap_timeout)
        self._open = Connections(self._url, self._most, tls, reach_seconds)

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        if self._open is not None:
            await self._open.close()

    async def quote(self, order: Order) -> Quote:
        answer = await self._ask(_Call("quote", "POST", "quotes", quote_body(order)), QuoteAnswer)
        return answer.quote(self.name)

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Have the venue name the transaction and say until when it takes it. Its payload is the body of its PUT."""
        limit = limit_price(quote.price, order.slippage_bps)
        body = build_body(order, limit, self._valid_seconds)
        answer = await self._ask(_Call("build", "POST", "builds", body), BuildAnswer)
        until = answer.expires_at_utc
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=answer.tx_hash,
            venue=self.name,
            amount=order.amount,
            limit_price=limit,
            expires_at=until,
            payload=submit_body(order.order_id, order.attempt, order.amount, limit, until),
            fee=quote.fee,
        )

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Send it, and wait at the venue for its end; ask again if the venue does not wait."""
        _require_its_own(transaction)
        deadline = asyncio.get_running_loop().time() + self._swap_timeout
        report = await self._submit(transaction)
        try:
            async with asyncio.timeout_at(deadline):
                while report.status is TransactionStatus.PENDING:
                    await self._clock.sleep(POLL_SECONDS)
                    report = await self.lookup(transaction)
        except TimeoutError as error:
            raise VenueUnavailable(_NO_TIME_LEFT) from error
        if report.status is TransactionStatus.UNKNOWN:
            raise VenueUnavailable(NONSENSE)  # it was sent, and the venue says that it never saw it
        return report

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Ask the venue. UNKNOWN is only what it calls so, never a 404."""
        _require_its_own(transaction)
        answer = await self._ask(_Call("lookup", "GET", _path(transaction)), TransactionAnswer)
        return answer.report(transaction)

    async def received(self, since: datetime) -> AsyncIterator[Sequence[Received]]:
        """Go through the venue's list; 404, 405 and 501 mean that it has none."""
        query, seen = {"since": since.isoformat()}, set[str]()
        while True:
            page = await self._ask(
                _Call("list", "GET", f"transactions?{urlencode(query)}", optional=True, most_bytes=LIST_BYTES),
                HistoryAnswer,
            )
            yield [one.described(self.name) for one in page.data]
            if page.next_cursor is None:
                return
            if page.next_cursor in seen or len(seen) == MOST_PAGES:
                raise VenueUnavailable(NONSENSE)  # it would have no end, and lacks what comes after
            query["cursor"] = page.next_cursor
            seen.add(page.next_cursor)

    async def _submit(self, transaction: Transaction) -> TransactionReport:
        # The venue gets less time than we wait: an answer that it is still on its way is worth more than none.
        wait = max(0, int(self._swap_timeout - self._timeout))
        call = _Call("submit", "PUT", _path(transaction), _payload(transaction), {"Prefer": f"wait={wait}"})
        answer = await self._call(call, TransactionAnswer, self._swap_timeout)
        return answer.report(transaction)

    async def _ask(self, call: _Call, kind: type[Answer]) -> Answer:
        """Make a short call in its turn. Raises as `_call` does."""
        async with self._turn():
            return await self._call(call, kind, self._timeout)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return self._connections().turn(self._timeout / 4)

    async def _call(self, call: _Call, kind: type[Answer], seconds: float) -> Answer:
        """Call the venue and count how it ended. Raises VenueUnavailable unless it answers 200, as `kind`, in time."""
        begun, span_id = self._clock.monotonic(), tracing.new_call()
        outcome = "cut_off"  # by whoever waits for it
        try:
            answer = await self._exchange(call, kind, seconds, tracing.passed_on(span_id))
            outcome = "rejected" if _is_rejection(answer) else "ok"
            return answer
        except VenueUnavailable as error:
            outcome = _kind_of(error)
            raise
        finally:
            observe.venue_called(self.name, call.name, outcome, self._clock.monotonic() - begun, span_id)

    async def _exchange(self, call: _Call, kind: type[Answer], seconds: float, trace: Mapping[str, str]) -> Answer:
        headers = {**_JSON, **call.headers, **trace}
        try:
            async with asyncio.timeout(seconds), self._connections().one() as connection:
                response = await connection.ask(call.method, call.path, call.body, headers, call.most_bytes)
        except TimeoutError as error:
            raise VenueUnavailable(_NO_TIME_LEFT) from error
        except FAILURES as error:
            if is_unreachable(error):
                raise VenueUnreachable("cannot be reached") from error
            raise VenueUnavailable("refused the connection, or broke it") from error
        if call.optional and response.status in _NOT_OFFERED:
            raise NotOffered(f"does not offer it (answered {response.status})")
        if response.status != HTTPStatus.OK:
            raise VenueUnavailable(f"answered {response.status}")
        return read(response.body, kind)

    def _connections(self) -> Connections:
        if self._open is None:
            raise RuntimeError("the venue is not open")
        return self._open


def _path(transaction: Transaction) -> str:
    """Return the transaction's path; a hash that an earlier release took may be made of anything."""
    part = quoted(transaction.tx_hash, safe="")
    if set(part) == {"."}:
        raise VenueUnavailable("gave it a hash that no URL can have")
    return f"transactions/{part}"


def _payload(transaction: Transaction) -> bytes:
    """Return what is sent; a transaction that an earlier release stored has no payload, but all that makes it."""
    sent = transaction
    return sent.payload or submit_body(sent.order_id, sent.attempt, sent.amount, sent.limit_price, sent.expires_at)


def _require_its_own(transaction: Transaction) -> None:
    """Raise VenueUnavailable for what a venue of another kind built, whose name this one has now."""
    if transaction.payload and not transaction.payload.startswith(b"{"):
        raise VenueUnavailable("did not build that")


def _is_rejection(answer: object) -> bool:
    return isinstance(answer, TransactionAnswer) and answer.status == "rejected"


def _kind_of(error: VenueUnavailable) -> str:
    if isinstance(error.__cause__, TimeoutError):
        return "timeout"
    return "unreachable" if isinstance(error.__cause__, FAILURES) else "bad_answer"
