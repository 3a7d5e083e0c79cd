"""How an HTTP connection lasts and ends: read in turns, within bounds of time, all that was asked answered before."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.web import observe
from entrypoints.web.http.head import refusal
from entrypoints.web.http.joined_writes import JoinedWrites
from entrypoints.web.http.pipeline_flow import PipelineFlow
from entrypoints.web.paced_reads import PacedReads
from entrypoints.web.problems import HttpProblem
from entrypoints.web.server_config import ServerConfig

PIECE_BYTES = 4096  # what is parsed in one turn: some 150 of the smallest requests
# How far the reading is.
SILENT, HEAD, OFFER, BODY, WHOLE = range(5)
ANSWERING = "answering"
LEAVING_SECONDS = 5.0  # in which the client may read its last answer


class HttpConnection(HttpToolsProtocol):
    """uvicorn's protocol, that paces what it reads, and leaves once it has answered; what is read is a subclass's.

    `is_new` until a request is whole; `waited` is for how many seconds its client has let it wait.
    """

    config: ServerConfig
    is_new = True
    waited = 0.0

    _stage = SILENT
    _bytes = 0  # read since the stage began
    _unanswered = 0  # requests that are read and not answered
    _then: Callable[[], None] | None = None  # what comes after their answers, instead of more requests
    _at_eof = False
    _left = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin; what is written from now on is joined, what is read is paced."""
        self._joined = JoinedWrites(transport, self.loop)
        self._joined.end = self._end
        super().connection_made(cast(asyncio.Transport, self._joined))
        self._reads = PacedReads(transport, self.loop, self._read, PIECE_BYTES)
        self.flow = PipelineFlow(self._reads, self.pipeline)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all, whoever ended it and how."""
        self._joined.end = self._joined.plain.close
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
        if self._is_reading:
            self._refuse(HttpProblem("malformed_request", "The request is not complete"))
        elif not self._unanswered:
            self._close()
        return self.transport.can_write_eof()  # then it is closed by us: an answer may still wait to be written

    def end_if_late(self, passed: float, request_seconds: float, idle_seconds: float) -> None:
        """End the connection of a client that lets it wait for too long; `passed` seconds ago it was looked at before.

        It may be idle after an answer for `idle_seconds`. Within `request_seconds` it must send each request whole, its
        first from when it connected on, and read what it was sent.
        """
        is_stuck = self._left or self.flow.write_paused or self.transport.is_closing()
        is_held_up = self._reads.waiting or self.flow.read_paused
        if not is_stuck and (is_held_up or (self._unanswered and not self._is_reading)):
            self.waited = 0.0  # it is our turn
            return
        is_idle = self._stage == WHOLE and not is_stuck
        patience = idle_seconds if is_idle else request_seconds
        if self.waited < (min(patience, LEAVING_SECONDS) if self._left else patience):
            self.waited += passed
        elif is_stuck:
            self.transport.abort()
        elif self._is_reading:
            self._refuse(HttpProblem("request_timeout"))
        else:
            self._close()

    def shutdown(self) -> None:
        """End the connection because the server stops; open requests are answered before, and then it is not waited."""
        self._joined.end = self._joined.plain.close
        if self._left:
            self.transport.close()
        else:
            super().shutdown()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self.waited = 0.0

    def on_response_complete(self) -> None:
        """Go on with what the client asked meanwhile."""
        self.server_state.total_requests += 1
        self._unanswered -= 1
        if self._left:
            return
        if self.transport.is_closing():
            self._close()
        elif self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._then is not None and not self._unanswered:
            then, self._then = self._then, None
            then()
        elif self._at_eof and not self._unanswered:
            self._close()
        if self.flow.read_paused:
            self.flow.resume_reading()

    @property
    def _is_reading(self) -> bool:
        """Whether a request has begun that is not whole."""
        return self._stage in (HEAD, BODY)

    def _refuse(self, problem: HttpProblem) -> None:
        """Answer, unless that is done, and leave: where the next request would start is not known."""
        answer = b""
        if self._stage != BODY or self._take_back():
            observe.refused(problem.code)
            answer = refusal(problem, self.server_state.default_headers)
        self._stage, self._bytes = WHOLE, 0
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
        else:
            then()

    def _leave(self, answer: bytes) -> None:
        """Send a last answer; what still comes is read and thrown away, else the client might lose the answer."""
        self._left = True
        self.pipeline.clear()
        self.flow.resume_reading()
        self.transport.write(answer)
        if self._at_eof:
            self._close()
        elif not self.transport.is_closing():
            if self.transport.can_write_eof():  # TLS cannot
                self.transport.write_eof()
            self.waited = 0.0
            self._reads.resume_reading(ANSWERING)

    def _close(self) -> None:
        """Close; a client that does not read what is left has as long as for a request."""
        self.waited = 0.0
        self.transport.close()

    def _end(self) -> None:
        """Close after an answer that is the last; in the middle of a body the client might lose it."""
        if self._stage == BODY and not self._at_eof:
            self._stage = WHOLE
            self._leave(b"")
        else:
            self._joined.plain.close()

    def _read(self, data: bytes) -> None:
        """Read a piece."""
        raise NotImplementedError
