"""The engine's calls, one method each; a thread waits for the answer. `AsyncClient` is the same for asyncio."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from order_engine_client import calls, following
from order_engine_client.address import Address
from order_engine_client.answers import result, server_time, transport_errors
from order_engine_client.attempts import Attempts, OnRetry
from order_engine_client.calls import PAGE_MOST, Call, ExecutionFilters, NewOrder, OrderFilters, Unfinished
from order_engine_client.errors import OrderEngineError
from order_engine_client.following import Following, OnConnection
from order_engine_client.models import (
    Accepted,
    CancelledOrders,
    Execution,
    Frame,
    Me,
    Order,
    Page,
    Stats,
    Ticket,
    Token,
)
from order_engine_client.webhooks import Webhooks

T = TypeVar("T")


class Client:
    """Talks to the engine at `url`; `with` closes its connections. Threads may share one.

    `api_key` is an API key or a token; a user name and a password in `url` are for what stands before the engine.
    An answer may take `timeout` seconds; what can safely be said again is, for up to `patience` seconds, and `on_retry`
    hears of it. `tls` and `transport` are for a network of your own. To make one raises ValueError, and OSError where
    the environment names certificates that cannot be read. All methods raise OrderEngineError.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 10.0,
        patience: float = 30.0,
        on_retry: OnRetry | None = None,
        tls: SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._address = Address.of(url, api_key, tls)
        self._timeout, self._patience, self._on_retry = timeout, patience, on_retry
        self._http = httpx.Client(**self._address.for_http(timeout), transport=transport)
        self._server_time: datetime | None = None
        self.webhooks = Webhooks(self._send, self._pages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @property
    def url(self) -> str:
        """The engine's address, without a credential."""
        return self._address.url

    @property
    def server_time(self) -> datetime | None:
        """The engine's time as of its last answer, to the second."""
        return self._server_time

    def submit(self, **order: Unpack[NewOrder]) -> Accepted:
        """Have an order accepted, once, however often that takes. Its `idempotency_key` is a new one unless given."""
        return self._send(calls.submit(order))

    def order(self, order_id: str) -> Order:
        """Return an order."""
        return self._send(calls.order(order_id))

    def events(self, order_id: str, after_seq: int | None = None) -> tuple[Frame, ...]:
        """Return an order's frames so far."""
        return self._send(calls.events(order_id, after_seq))

    def cancel(self, order_id: str) -> Order:
        """Stop an order and return it; refused once its transaction is submitted."""
        return self._send(calls.cancel(order_id))

    def cancel_all(self, **which: Unpack[Unfinished]) -> CancelledOrders:
        """Stop all orders that are so."""
        return self._send(calls.cancel_all(which))

    def orders(self, limit: int | None = None, **filters: Unpack[OrderFilters]) -> Iterator[Order]:
        """Go through orders, newest first, up to `limit`."""
        return (order for page in self.order_pages(limit, **filters) for order in page.data)

    def order_pages(self, limit: int | None = None, **filters: Unpack[OrderFilters]) -> Iterator[Page[Order]]:
        """Go through orders a page at a time; there is one page at least."""
        return self._pages(lambda size, cursor: calls.orders(filters, size, cursor), limit)

    def executions(self, limit: int | None = None, **filters: Unpack[ExecutionFilters]) -> Iterator[Execution]:
        """Go through executions, newest first, up to `limit`."""
        pages = self._pages(lambda size, cursor: calls.executions(filters, size, cursor), limit)
        return (execution for page in pages for execution in page.data)

    def tokens(self) -> tuple[Token, ...]:
        """Return the token list; NotFound where there is none."""
        return self._send(calls.tokens())

    def me(self) -> Me:
        """Return what the credential allows."""
        return self._send(calls.me())

    def ticket(self, target: str) -> Ticket:
        """Return a ticket for the socket at `target`, for who can send no header with it."""
        return self._send(calls.ticket(target))

    def stats(self) -> Stats:
        """Return how busy the engine is."""
        return self._send(calls.stats())

    def requeue(self, order_id: str, reason: str | None = None) -> Order:
        """Give an order that runs a job, unless it has one. For operators, as the next two."""
        return self._send(calls.requeue(order_id, reason))

    def revive(self, order_id: str, reason: str | None = None) -> Order:
        """Put an order's dead letter back in the queue."""
        return self._send(calls.revive(order_id, reason))

    def fail(self, order_id: str, reason: str | None = None, *, not_landed: bool | None = None) -> Order:
        """End an order whose swap has not landed and cannot; `not_landed` says so of one that is held."""
        return self._send(calls.fail(order_id, reason, not_landed))

    def watch(
        self,
        order_id: str,
        after_seq: int | None = None,
        *,
        timeout: float | None = None,
        patience: float | None = 60.0,
        on_connection: OnConnection | None = None,
    ) -> Iterator[Frame]:
        """Follow an order to its end: each frame once and in order, through whatever becomes of the connection.

        It ends with the final frame; OutOfTime after `timeout` seconds, Unreachable or NoAnswer when the engine was
        gone for `patience` (None: it waits for ever). `on_connection` hears when it is lost and when it is back.
        """
        return self._frames(
            following.of_order(
                self._address, order_id, after_seq, patience=patience, timeout=timeout, on_connection=on_connection
            )
        )

    def feed(
        self, user_id: str | None = None, *, patience: float | None = 60.0, on_connection: OnConnection | None = None
    ) -> Iterator[Frame]:
        """Follow all orders that the credential may see, from now on, without an end.

        What happens between `Lost` and `Back` is not repeated: look at the orders that you follow.
        """
        return self._frames(following.of_all(self._address, user_id, patience=patience, on_connection=on_connection))

    def _send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self._patience, self._on_retry)
        while True:
            try:
                with transport_errors(self.url, self._timeout):
                    answer = self._http.request(
                        call.method, call.path, params=call.query, content=call.body, headers=call.headers
                    )
                self._server_time = server_time(answer.headers) or self._server_time
                return result(call, answer, self.url)
            except OrderEngineError as error:
                time.sleep(attempts.pause_after(error))

    def _pages(self, ask: Callable[[int, str | None], Call[Page[T]]], most: int | None) -> Iterator[Page[T]]:
        cursor, left = None, most
        while True:
            page = self._send(ask(PAGE_MOST if left is None else min(left, PAGE_MOST), cursor))
            yield page
            cursor = page.next_cursor
            left = None if left is None else left - len(page.data)
            if cursor is None or left == 0:
                return

    def _frames(self, watched: Following) -> Iterator[Frame]:
        from websockets import WebSocketException

        from order_engine_client.sockets import Connect

        while not watched.done:
            try:
                timeout = watched.at_most(self._timeout)
                with Connect(watched.url, **self._address.for_socket(timeout)) as socket:
                    watched.opened()
                    while not watched.done:
                        if frame := watched.frame(self._text(socket, watched)):
                            yield frame
            except (OSError, EOFError, WebSocketException) as error:
                time.sleep(watched.ended(error))

    def _text(self, socket: Any, watched: Following) -> str:
        try:
            return str(socket.recv(watched.left(), decode=True))
        except TimeoutError:
            raise watched.late() from None
