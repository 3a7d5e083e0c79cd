"""A WebSocket client that costs a few microseconds a frame, so that it is the server that is measured."""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

_TEXT, _CLOSE, _PING = 1, 8, 9
_SWITCHING = b"HTTP/1.1 101 "


class RawSocket(asyncio.Protocol):
    """One connection. Reads unfragmented frames as our servers send them, answers pings, sends nothing else.

    `opened` is done when the server accepted, False if it refused; `code` is how it ended, None while it has not.
    """

    __slots__ = ("_buffer", "_handshake", "_sink", "code", "last_seq", "opened", "transport")

    def __init__(self, url: str, sink: "Callable[[RawSocket, bytes], None]") -> None:
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.code: int | None = None
        self.last_seq = 0
        self.transport: asyncio.Transport | None = None
        self._sink = sink
        self._buffer = b""
        self._handshake = _handshake(url)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._handshake)

    def connection_lost(self, error: Exception | None) -> None:
        """Remember that it ended."""
        self.code = self.code or 1006
        if not self.opened.done():
            self.opened.set_result(False)

    def data_received(self, data: bytes) -> None:
        """Read as many whole frames as there are."""
        if self._buffer:
            data = self._buffer + data
        start = 0
        if self._handshake:
            start = data.find(b"\r\n\r\n") + 4
            if start < 4:
                self._buffer = data
                return
            self._handshake = b""
            self.opened.set_result(data.startswith(_SWITCHING))
        while (end := _end_of_frame(data, start)) <= len(data):
            self._take(data[start] & 0x0F, data[end - _length(data, start) : end])
            start = end
        self._buffer = data[start:]

    def close(self) -> None:
        """End the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._sink(self, payload)
        elif opcode == _PING and self.transport is not None:
            # Clients must mask; a mask of zeros leaves the bytes as they are.
            self.transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
        elif opcode == _CLOSE:
            self.code = int.from_bytes(payload[:2]) if payload else 1005


def _length(data: bytes, start: int) -> int:
    length = data[start + 1]
    if length < 126:
        return length
    return int.from_bytes(data[start + 2 : start + (4 if length == 126 else 10)])


def _end_of_frame(data: bytes, start: int) -> int:
    """Return where the frame that begins at `start` ends; beyond the data when that is not known yet."""
    if len(data) < start + 2:
        return len(data) + 1
    header = {126: 4, 127: 10}.get(data[start + 1], 2)
    if len(data) < start + header:
        return len(data) + 1
    return start + header + _length(data, start)


def _handshake(url: str) -> bytes:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {parts.path}{query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
