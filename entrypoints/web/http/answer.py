"""How an answer is written: as uvicorn does it, with the headers that all share."""

from collections.abc import Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from entrypoints.web.shared_headers import HEADERS, LINES, POLICY

_LENGTH = b"content-length"
_CONTROLS = bytes({*range(32), 127} - {ord("\t")})
_END = b"\r\n"


class Answer(RequestResponseCycle):
    """Writes a usual head in one go, which pays for the shared headers; any other is uvicorn's with these added."""

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        """Send for the app; the head is what comes first."""
        if self.response_started or message["type"] != "http.response.start":
            return super().send(message)
        headers = message.get("headers", ())
        values = dict(headers)
        if self._is_usual(values) and len(values) == len(headers):
            lines = _END.join(map(b": ".join, (*self.default_headers, *headers)))
            ends = len(self.default_headers) + len(headers) - 1
            if len(lines) - len(lines.translate(None, _CONTROLS)) == ends * len(_END):
                return self._send_head(message["status"], lines, values)
        if POLICY not in values:
            message = {**message, "headers": [*headers, *HEADERS]}
        return super().send(message)

    def _is_usual(self, values: dict[bytes, bytes]) -> bool:
        """Whether there is nothing to wait for, and nothing to say of how the connection goes on."""
        return (
            _LENGTH in values
            and self.keep_alive
            and not (self.flow.write_paused or self.disconnected)
            and not (b"connection" in values or b"transfer-encoding" in values)
        )

    async def _send_head(self, status: int, lines: bytes, values: dict[bytes, bytes]) -> None:
        self.response_started, self.waiting_for_100_continue = True, False
        self.chunked_encoding, self.expected_content_length = False, int(values[_LENGTH])
        shared = b"" if POLICY in values else LINES
        self.transport.write(b"".join((STATUS_LINE[status], lines, _END, shared, _END)))
