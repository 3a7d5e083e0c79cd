"""uvicorn's HTTP protocol, with the engine's own answer to what it cannot serve, and bounds on every connection."""

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.web import observe
from entrypoints.web.http.head import check_head, is_handshake, refusal, without_offer
from entrypoints.web.http.joined_writes import JoinedWrites
from entrypoints.web.http.pipeline_flow import PipelineFlow
from entrypoints.web.paced_reads import PacedReads
from entrypoints.web.problems import HttpProblem

HEAD_BYTES = 64 * 1024
PIECE_BYTES = 4096  # what is parsed in one turn: some 150 of the smallest requests
BLANKS = b" \t"
ANSWERING = "answering"


class ProblemHttpProtocol(HttpToolsProtocol):
    """Answers whatever it cannot serve with a problem document, after all that was asked before, and then leaves.

    An offer of another protocol than WebSockets is ignored. What a client sends, or lets wait, is bounded: see
    PacedReads, HEAD_BYTES and `end_if_late`.
    """

    _reading = False  # a request has begun that is not whole
    _in_head = False
    _is_offer = False
    _head_bytes = 0
    _unanswered = 0  # requests that are read and not answered
    _then: Callable[[], None] | None = None  # what comes after their answers, instead of more requests
    _at_eof = False
    _left = False
    _is_idle = False
    _client_since = math.inf  # since when it is the client's turn

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin; what is written from now on is joined, what is read is paced."""
        super().connection_made(cast(asyncio.Transport, JoinedWrites(transport, self.loop)))
        self._reads = PacedReads(transport, self.loop, self._read, PIECE_BYTES)
        self.flow = PipelineFlow(self._reads, self.pipeline)
        self.parser = self._new_parser()
        self._client_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all, whoever ended it and how."""
        super().connection_lost(exc)
        self._reads.end()
        self.pipeline.clear()
        self._then = self.cycle = None  # type: ignore[assignment]  # as uvicorn has it

    def data_received(self, data: bytes) -> None:
        """Read, a piece in each turn."""
        self._reads.take(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Answer all that was asked before the client closed its sending half, and then close."""
        self._at_eof = True
        if self._reading:
            self._refuse(HttpProblem("malformed_request", "The request is not complete"))
        elif not self._unanswered:
            self._close()
        return True  # closed by us: an answer may still wait to be written

    def end_if_late(self, now: float, request_seconds: float, idle_seconds: float) -> None:
        """End the connection of a client that has let it wait for too long (by the event loop's clock, in seconds).

        It may be idle after an answer for `idle_seconds`. Within `request_seconds` it must begin its first request,
        send each as a whole, and read what it was sent.
        """
        if now - self._client_since < (idle_seconds if self._is_idle else request_seconds):
            return
        if self._left or self.flow.write_paused or self.transport.is_closing():
            self.transport.abort()
        elif not self._reading:
            self._close()
        elif not self._reads.waiting:
            self._refuse(HttpProblem("request_timeout"))

    def shutdown(self) -> None:
        """End the connection because the server stops; open requests are answered before."""
        if self._left:
            self.transport.close()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._client_since, self._is_idle = self.loop.time(), False

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._reading:
            self._client_since = self.loop.time()
        else:
            self._our_turn()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._reading = self._in_head = True
        self._is_offer = self._is_idle = False
        self._head_bytes = 0
        self._client_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; blanks around its value are no part of it, and what comes after a body is ignored."""
        if self._in_head:
            name, value = name.lower(), value.strip(BLANKS)
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the request, or have it wait for those before it, unless it is refused or offers another protocol."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        check_head(method, version, self.headers)
        self._is_offer = self.parser.should_upgrade()
        if self._is_offer:
            self.scope["method"] = method.decode()
        else:
            super().on_headers_complete()
            self.scope["http_version"] = "1.0" if version == "1.0" else "1.1"
            self._unanswered += 1
        self._in_head = False

    def on_message_complete(self) -> None:
        """Note that the request is whole: now it is our turn. The parser takes an offer's body for what comes next."""
        if not self._is_offer:
            super().on_message_complete()
            self._reading = False
            self._our_turn()

    def on_response_complete(self) -> None:
        """Go on with what the client asked meanwhile."""
        self.server_state.total_requests += 1
        self._unanswered -= 1
        if self.transport.is_closing():
            self._close()
        elif self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._unanswered:
            self._all_answered()
        self.flow.resume_reading()

    def handle_websocket_upgrade(self) -> None:
        """Give the connection away as it came, with what was read beyond the handshake."""
        joined = cast(JoinedWrites, self.transport)
        joined.flush()
        self.transport = joined.plain
        super().handle_websocket_upgrade()

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_version=True)
        return parser

    def _read(self, data: bytes) -> None:
        while data and not self._left:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._past_offer(data[offer.args[0] :])
            except httptools.HttpParserError as error:
                cause = error.__context__
                return self._refuse(cause if isinstance(cause, HttpProblem) else HttpProblem("malformed_request"))
            else:
                break
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(HttpProblem("malformed_request", "The request line and headers are too long"))

    def _past_offer(self, rest: bytes) -> bytes:
        """Open the WebSocket that is asked for; else return what is read instead: the request without its offer.

        The parser stopped after the head, and believes that `rest` is no HTTP. A new one reads it all.
        """
        head = self.parser.get_method(), self.parser.get_http_version(), self.headers
        if is_handshake(*head):
            self._reading = False
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

    def _refuse(self, problem: HttpProblem) -> None:
        """Answer and leave: where the next request would start is not known."""
        observe.refused(problem.code)
        begun = self._reading and not self._in_head
        answer = b"" if begun and not self._take_back() else refusal(problem, self.server_state.default_headers)
        self._reading = self._in_head = False
        self._after_answers(partial(self._leave, answer))

    def _take_back(self) -> bool:
        """Drop the request whose body is refused; return False if it had its answer already."""
        if self.cycle.response_started:
            return False
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._unanswered -= 1
        return True

    def _after_answers(self, then: Callable[[], None]) -> None:
        """Read no more requests, and go on so when those before are answered."""
        self._reads.pause_reading(ANSWERING)
        if self._unanswered:
            self._then = then
            self._our_turn()
        else:
            then()

    def _all_answered(self) -> None:
        if self._then is not None:
            then, self._then = self._then, None
            then()
        elif self._at_eof:
            self._close()
        elif not self._reading:
            self._our_turn()

    def _our_turn(self) -> None:
        """Wait for no more of a request: it is ours to answer, or the client's to read, or to ask again."""
        self._is_idle = not self._unanswered
        is_ours = self._unanswered and not self.flow.write_paused
        self._client_since = math.inf if is_ours else self.loop.time()

    def _leave(self, answer: bytes) -> None:
        """Send a last answer; what still comes is read and thrown away, else the client might lose the answer."""
        self._left = True
        self.transport.write(answer)
        if self._at_eof:
            self._close()
        elif not self.transport.is_closing():
            self.transport.write_eof()
            self._client_since, self._is_idle = self.loop.time(), False
            self._reads.resume_reading(ANSWERING)

    def _close(self) -> None:
        """Close; a client that does not read what is left has as long as for a request."""
        self._client_since, self._is_idle = self.loop.time(), False
        self.transport.close()
