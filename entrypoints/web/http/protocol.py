"""uvicorn's HTTP protocol, with the engine's own answer to bytes that are not HTTP, and each response in one piece."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.web import observe
from entrypoints.web.http.joined_writes import JoinedWrites
from entrypoints.web.problems import MEDIA_TYPE, HttpProblem
from entrypoints.web.request import request_id_of

HEAD_BYTES = 64 * 1024


class ProblemHttpProtocol(HttpToolsProtocol):
    """Refuses what the parser cannot read with a problem document, and bounds the bytes before a body."""

    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin; what is written from now on is joined."""
        super().connection_made(cast(asyncio.Transport, JoinedWrites(transport, self.loop)))

    def handle_websocket_upgrade(self) -> None:
        """Give the connection away as it came: frames are whole."""
        self.transport = cast(JoinedWrites, self.transport).plain
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Read; a request line and headers that do not end are refused at 64 KiB."""
        super().data_received(data)
        request: Any = self.scope  # None before the first request
        if request is None or "path" in request or self not in self.connections:  # no head is under way here
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request line and headers are too long")

    def send_400_response(self, msg: str) -> None:
        """Answer and close: where the next request would start is not known."""
        request_id = request_id_of(None)
        observe.refused("malformed_request")
        body = HttpProblem("malformed_request", msg.removesuffix(".")).document("/", request_id)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
