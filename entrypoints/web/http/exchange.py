"""One request and its response as uvicorn runs it, with less work for the usual response."""

from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_START = "http.response.start"
_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord("\t")})


class Exchange(RequestResponseCycle):
    """Holds a response's head until its body comes, and then checks and sends both at once.

    So it does with a body that comes whole, with its length in the head, over a connection that stays; what is not
    usual is left to uvicorn. In one thing it trusts the app: names of headers are tokens in lower case, as ASGI wants.
    """

    _start: Any = None

    async def send(self, message: Any) -> None:
        """Send the head or the body of the response."""
        start = self._start
        if start is None:
            if message["type"] == _START and not self.response_started:
                self._start = message
            else:
                await super().send(message)
            return
        if response := self._whole(start, message):
            self._start = None
            self.response_started = self.response_complete = True
            self.waiting_for_100_continue = False
            self.message_event.set()
            self.transport.write(response)
            self.on_response()
        elif message["type"] == _START:
            self._start = message  # of uvicorn's own 500: the app came to no body
        else:
            self._start = None
            await super().send(start)
            await super().send(message)

    def _whole(self, start: Mapping[str, Any], message: Mapping[str, Any]) -> bytes | None:
        """Return the response, or None when it is not usual."""
        body: bytes | None = message.get("body")
        if not body or message.get("more_body") or not self.keep_alive or self.scope["method"] == "HEAD":
            return None
        if self.disconnected or self.flow.write_paused or self.default_headers or self.access_log:
            return None
        pieces = [STATUS_LINE[start["status"]]]
        length = b""
        for name, value in start.get("headers", ()):
            if name in _FRAMING:
                if length or name != b"content-length":
                    return None
                length = value
            pieces += (name, b": ", value, b"\r\n")
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        lines = len(pieces) // 4 + 2
        # No control character but the lines' ends: else a value could begin another header. uvicorn refuses it.
        if length != b"%d" % len(body) or len(head) - len(head.translate(None, _CONTROLS)) != 2 * lines:
            return None
        return head + body
