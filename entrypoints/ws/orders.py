"""`/ws/orders/{orderId}`: an order's frames, from the first to the final one."""

import asyncio
from contextlib import aclosing
from urllib.parse import urlsplit

import falcon
from attrs import frozen
from falcon.asgi import WebSocket

from application.errors import OrderNotFound, SlowWatcher
from application.ports.errors import Overloaded, StoreUnavailable
from application.watch_order import WatchOrder
from entrypoints.http import observe, params
from entrypoints.http.drain import Drain
from entrypoints.http.problems import HttpProblem
from entrypoints.http.request import Request
from entrypoints.ws.closing import BAD_QUERY, INTERNAL, NORMAL, NOT_FOUND, RESTARTING, TRY_LATER, close

SOCKETS_MOST = 10_000
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@frozen
class OrderSocket:
    """One socket follows one order. Frames go out from a second task, so that a client that leaves is seen at once."""

    watch: WatchOrder
    drain: Drain
    most: int

    async def on_websocket(self, req: Request, ws: WebSocket, order_id: str) -> None:
        """Follow the order to its end, or as long as the client stays."""
        if is_foreign(req.get_header("Origin"), req.get_header("Host", default="")):
            await close(ws, NORMAL)  # before it is accepted, and so the client sees HTTP 403
            return
        await ws.accept(headers=(("X-Request-Id", req.request_id),))
        try:
            after_seq = params.after_seq(req.params)
        except HttpProblem as problem:
            await close(ws, BAD_QUERY, str(problem))
        else:
            if self.drain.begun:
                await close(ws, RESTARTING)
            elif self.drain.open_sockets >= self.most:
                await close(ws, TRY_LATER, "too many connections")
            else:
                await self._follow(req, ws, order_id, after_seq)

    async def _follow(self, req: Request, ws: WebSocket, order_id: str, after_seq: int | None) -> None:
        with self.drain.holding(ws):
            async with asyncio.TaskGroup() as group:
                teller = group.create_task(self._tell(req, ws, order_id, after_seq))
                await _ignore_messages(ws)
                teller.cancel()

    async def _tell(self, req: Request, ws: WebSocket, order_id: str, after_seq: int | None) -> None:
        """Send the order's frames, then close, which ends the receiving too."""
        try:
            async with aclosing(self.watch(order_id, after_seq)) as frames:
                async for frame in frames:
                    await ws.send_text(frame.text)
            await close(ws, NORMAL)
        except falcon.WebSocketDisconnected:
            return
        except OrderNotFound as error:
            await close(ws, NOT_FOUND, error.code)
        except (SlowWatcher, StoreUnavailable, Overloaded) as error:
            await close(ws, TRY_LATER, error.code)
        except Exception as error:  # told to the client as a close code, to the operator as what it was
            observe.request_failed(req.request_id, error)
            await close(ws, INTERNAL, "internal")


async def _ignore_messages(ws: WebSocket) -> None:
    """Read until the socket is closed, by whichever side."""
    while True:
        try:
            await ws.receive_text()
        except falcon.PayloadTypeError:
            continue  # binary is ignored as well
        except falcon.WebSocketDisconnected:
            return


def is_foreign(origin: str | None, host: str) -> bool:
    """Whether a browser's page of another host:port asks; a client without an Origin is no page."""
    if origin is None:
        return False
    try:
        page = urlsplit(origin)
    except ValueError:
        return True
    default_port = _DEFAULT_PORTS.get(page.scheme, "")
    return page.netloc.lower().removesuffix(default_port) != host.lower().removesuffix(default_port) or not page.netloc
