"""`/ws/orders/{orderId}`: an order's frames, from the first to the final one. `/ws/orders`: all orders', live.

`/api/orders/execute?orderId=` is the first of these too.
"""

from contextlib import aclosing
from functools import partial

from attrs import frozen
from falcon.asgi import WebSocket

from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from entrypoints.web import params
from entrypoints.web.request import Request
from entrypoints.web.ws.socket_server import Asked, SocketServer

SOCKETS_MOST = 10_000


@frozen
class OrderSocket:
    """One socket follows one order to its end."""

    watch: WatchOrder
    server: SocketServer

    async def on_websocket(self, req: Request, ws: WebSocket, order_id: str) -> None:
        """Follow the order to its end, or as long as the client stays."""

        def asked() -> Asked:
            after_seq, strings = params.order_socket(req.params)
            return self._asked(req, order_id, after_seq, strings)

        await self.server.serve(req, ws, "order", asked, req.path)

    async def by_query(self, req: Request, ws: WebSocket) -> None:
        """Follow the order that the query names: for who upgrades where orders are posted to."""

        def asked() -> Asked:
            return self._asked(req, *params.posted_order_socket(req.params))

        await self.server.serve(req, ws, "order", asked, f"/ws/orders/{req.params.get('orderId')}")

    def _asked(self, req: Request, order_id: str, after_seq: int | None, strings: bool) -> Asked:
        return Asked(lambda too_slow: aclosing(self.watch(req.caller, order_id, after_seq, too_slow)), strings)


@frozen
class FeedSocket:
    """One socket follows all orders, or one user's, for as long as the client stays."""

    watch: WatchFeed
    server: SocketServer

    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        """Send what happens from now on."""

        def asked() -> Asked:
            user_id, strings = params.feed_socket(req.params)
            return Asked(partial(self.watch, req.caller, user_id), strings)

        await self.server.serve(req, ws, "feed", asked, req.path)
