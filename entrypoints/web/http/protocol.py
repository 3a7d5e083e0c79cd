"""How requests are read, with the engine's own answer to what it cannot serve, and bounds on every one."""

import asyncio
from functools import partial

import httptools

from entrypoints.web.http.answer import Answer
from entrypoints.web.http.connection import BODY, HEAD, OFFER, WHOLE, HttpConnection
from entrypoints.web.http.head import NO_MORE, check_head, check_offer, check_request_line, is_handshake, without_offer
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import BODY_BYTES

HEAD_BYTES = 64 * 1024  # and what comes between two requests
READ_ON_BYTES = 2 << 20  # of a body in chunks, whatever was answered: its client may have read that it can go on


class ProblemHttpProtocol(HttpConnection):
    """Answers whatever it cannot serve with a problem document, after all that was asked before, and then leaves.

    An offer of another protocol than WebSockets is ignored. What a client sends, or lets wait, is bounded: see
    PacedReads, HEAD_BYTES, READ_ON_BYTES and `end_if_late`.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin."""
        super().connection_made(transport)
        self.parser = self._new_parser()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._stage, self._bytes = HEAD, 0
        if not self.is_new:
            self.waited = 0.0

    def on_headers_complete(self) -> None:
        """Start the request, or have it wait for those before it, unless it is refused or offers another protocol."""
        version = self.parser.get_http_version()
        is_too_long = check_head(version, self.url, self.headers, self.config.site)
        if self.parser.should_upgrade():
            method = self.parser.get_method()
            check_offer(method)
            self.scope["method"] = method.decode()
            self._stage = OFFER
        else:
            super().on_headers_complete()
            self.cycle.__class__ = Answer  # there is no other way to give uvicorn a class of ours
            self._unanswered += 1
            self._stage, self._bytes = BODY, 0
            self.cycle.keep_alive &= not is_too_long
            if version != "1.1":
                self.scope["http_version"] = "1.0" if version == "1.0" else "1.1"
        self.headers = NO_MORE  # what comes after a body is no header

    def on_message_complete(self) -> None:
        """Note that the request is whole. Of an offer the parser knows no body."""
        if self._stage == BODY:
            super().on_message_complete()
            self._stage, self._bytes, self.is_new = WHOLE, 0, False

    def handle_websocket_upgrade(self) -> None:
        """Give the connection away as it came, with what was read beyond the handshake."""
        self._joined.flush()
        self._joined.end = self._joined.plain.close
        self.transport = self._joined.plain
        super().handle_websocket_upgrade()

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_version=True)
        return parser

    def _read(self, data: bytes) -> None:
        if self._left:
            return
        while data:
            try:
                self.parser.feed_data(data)
                if self._stage == HEAD:
                    check_request_line(self.parser.get_http_version(), data)
            except httptools.HttpParserUpgrade as offer:
                data = self._past_offer(data[offer.args[0] :])
            except httptools.HttpParserError as error:
                cause = error.__context__
                return self._refuse(cause if isinstance(cause, HttpProblem) else HttpProblem("malformed_request"))
            except HttpProblem as problem:
                return self._refuse(problem)
            else:
                break
        self._bytes += len(data)
        if self._bytes > BODY_BYTES:
            self._check_length()

    def _check_length(self) -> None:
        """End the connection after the answer to a long body, and at once where even more comes than that."""
        if self._stage == BODY:
            self.cycle.keep_alive = False
            if self._bytes > READ_ON_BYTES:
                self._refuse(HttpProblem("payload_too_large"))
        elif self._bytes > HEAD_BYTES:
            self._refuse(HttpProblem("malformed_request", "The request line and headers are too long"))

    def _past_offer(self, rest: bytes) -> bytes:
        """Open the WebSocket that is asked for; else return what is read instead: the request without its offer.

        The parser stopped after the head, and believes that `rest` is no HTTP. A new one reads it all.
        """
        head = self.parser.get_method(), self.parser.get_http_version(), self.scope["headers"]
        if is_handshake(*head):
            self._stage = WHOLE
            self._after_answers(partial(self._open_socket, rest))
            return b""
        self.parser = self._new_parser()
        return without_offer(head[0], self.url, *head[1:]) + rest

    def _open_socket(self, rest: bytes) -> None:
        rest += self._reads.end()
        self.parser = None  # type: ignore[assignment]  # as uvicorn has it
        self.handle_websocket_upgrade()
        if rest:
            self.transport.get_protocol().data_received(rest)  # type: ignore[attr-defined]
