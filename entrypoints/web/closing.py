"""Ending a socket: what the server's close codes mean to a client, and one way to send them."""

from contextlib import suppress

from falcon.asgi import WebSocket

from entrypoints.web import observe

NORMAL = 1000  # the final frame was delivered
INTERNAL = 1011
RESTARTING = 1012  # come back with afterSeq
TRY_LATER = 1013  # too slow, too many connections, or the store is away: come back with afterSeq
BAD_QUERY = 4400
UNAUTHENTICATED = 4401
NOT_FOUND = 4404

_REASON_BYTES = 123  # RFC 6455


async def close(ws: WebSocket, code: int, reason: str | None = None) -> None:
    """Close the socket, with as much of the reason as fits; a client that left at this very moment is no error."""
    if ws.ready:
        observe.socket_closed(code)
    with suppress(OSError):
        await ws.close(code, reason and reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
