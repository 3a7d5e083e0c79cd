"""The engine's calls for asyncio: what `Client` has, awaited."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
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
from order_engine_client.webhooks import AsyncWebhooks

T = TypeVar("T")


class AsyncClient:
    """Talks to the engine at `url`, in one event loop; `async with` closes its connections. All is as in `Client`."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 10.0,
        patience: float = 30.0,
        on_retry: OnRetry | None = None,
        tls: SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = Address.of(url, api_key, tls)
        self._timeout, self._patience, self._on_retry = timeout, patience, on_retry
        self._http = httpx.AsyncClient(**self._address.for_http(timeout), transport=transport)
        self._server_time: datetime | None = None
        self.webhooks = AsyncWebhooks(self._send, self._pages)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    @property
    def url(self) -> str:
        """The engine's address, without a credential."""
        return self._address.url

    @property
    def server_time(self) -> datetime | None:
        """The engine's time as of its last answer, to the second."""
        return self._server_time

    async def submit(self, **order: Unpack[NewOrder]) -> Accepted:
        """Have an order accepted, once, however often that takes. Its `idempotency_key` is a new one unless given."""
        return await self._send(calls.submit(order))

    async def order(self, order_id: str) -> Order:
        """Return an order."""
        return await self._send(calls.order(order_id))

    async def events(self, order_id: str, after_seq: int | None = None) -> tuple[Frame, ...]:
        """Return an order's frames so far."""
        return await self._send(calls.events(order_id, after_seq))

    async def cancel(self, order_id: str) -> Order:
        """Stop an order and return it; refused once its transaction is submitted."""
        return await self._send(calls.cancel(order_id))

    async def cancel_all(self, **which: Unpack[Unfinished]) -> CancelledOrders:
        """Stop all orders that are so."""
        return await self._send(calls.cancel_all(which))

    async def orders(self, limit: int | None = None, **filters: Unpack[OrderFilters]) -> AsyncIterator[Order]:
        """Go through orders, newest first, up to `limit`."""
        async for page in self.order_pages(limit, **filters):
            for order in page.data:
                yield order

    def order_pages(self, limit: int | None = None, **filters: Unpack[OrderFilters]) -> AsyncIterator[Page[Order]]:
        """Go through orders a page at a time; there is one page at least."""
        return self._pages(lambda size, cursor: calls.orders(filters, size, cursor), limit)

    async def executions(
        self, limit: int | None = None, **filters: Unpack[ExecutionFilters]
    ) -> AsyncIterator[Execution]:
        """Go through executions, newest first, up to `limit`."""
        async for page in self._pages(lambda size, cursor: calls.executions(filters, size, cursor), limit):
            for execution in page.data:
                yield execution

    async def tokens(self) -> tuple[Token, ...]:
        """Return the token list; NotFound where there is none."""
        return await self._send(calls.tokens())

    async def me(self) -> Me:
        """Return what the credential allows."""
        return await self._send(calls.me())

    async def ticket(self, target: str) -> Ticket:
        """Return a ticket for the socket at `target`, for who can send no header with it."""
        return await self._send(calls.ticket(target))

    async def stats(self) -> Stats:
        """Return how busy the engine is."""
        return await self._send(calls.stats())

    async def requeue(self, order_id: str, reason: str | None = None) -> Order:
        """Give an order that runs a job, unless it has one. For operators, as the next two."""
        return await self._send(calls.requeue(order_id, reason))

    async def revive(self, order_id: str, reason: str | None = None) -> Order:
        """Put an order's dead letter back in the queue."""
        return await self._send(calls.revive(order_id, reason))

    async def fail(self, order_id: str, reason: str | None = None, *, not_landed: bool | None = None) -> Order:
        """End an order whose swap has not landed and cannot; `not_landed` says so of one that is held."""
        return await self._send(calls.fail(order_id, reason, not_landed))

    def watch(
        self,
        order_id: str,
        after_seq: int | None = None,
        *,
        timeout: float | None = None,
        patience: float | None = 60.0,
        on_connection: OnConnection | None = None,
    ) -> AsyncGenerator[Frame, None]:
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
    ) -> AsyncGenerator[Frame, None]:
        """Follow all orders that the credential may see, from now on, without an end.

        What happens between `Lost` and `Back` is not repeated: look at the orders that you follow.
        """
        return self._frames(following.of_all(self._address, user_id, patience=patience, on_connection=on_connection))

    async def _send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self._patience, self._on_retry)
        while True:
            try:
                with transport_errors(self.url, self._timeout):
                    answer = await self._http.request(
                        call.method, call.path, params=call.query, content=call.body, headers=call.headers
                    )
                self._server_time = server_time(answer.headers) or self._server_time
                return result(call, answer, self.url)
            except OrderEngineError as error:
                await asyncio.sleep(attempts.pause_after(error))

    async def _pages(self, ask: Callable[[int, str | None], Call[Page[T]]], most: int | None) -> AsyncIterator[Page[T]]:
        cursor, left = None, most
        while True:
            page = await self._send(ask(PAGE_MOST if left is None else min(left, PAGE_MOST), cursor))
            yield page
            cursor = page.next_cursor
            left = None if left is None else left - len(page.data)
            if cursor is None or left == 0:
                return

    async def _frames(self, watched: Following) -> AsyncGenerator[Frame, None]:
        from websockets import WebSocketException

        from order_engine_client.sockets import ConnectAsync

        while not watched.done:
            try:
                timeout = watched.at_most(self._timeout)
                async with ConnectAsync(watched.url, **self._address.for_socket(timeout)) as socket:
                    watched.opened()
                    while not watched.done:
                        if frame := watched.frame(await self._text(socket, watched)):
                            yield frame
            except (OSError, EOFError, WebSocketException) as error:
                await asyncio.sleep(watched.ended(error))

    async def _text(self, socket: Any, watched: Following) -> str:
        try:
            async with asyncio.timeout(watched.left()):
                return str(await socket.recv(decode=True))
        except TimeoutError:
            raise watched.late() from None
