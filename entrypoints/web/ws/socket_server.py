"""What all sockets share: who is accepted, frames out, and one end for each reason."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, nullcontext

import falcon
from attrs import evolve, frozen
from falcon.asgi import WebSocket

from application.errors import Forbidden, OrderNotFound, RateLimited, SlowWatcher
from application.frames import Frame
from application.mailbox import TooSlow
from application.ports.authenticator import Unauthenticated
from application.ports.errors import Overloaded, StoreUnavailable
from entrypoints.web import observe
from entrypoints.web.closing import (
    BAD_QUERY,
    INTERNAL,
    NORMAL,
    NOT_FOUND,
    RESTARTING,
    TRY_LATER,
    UNAUTHENTICATED,
    close,
)
from entrypoints.web.decimals import as_strings
from entrypoints.web.drain import Drain
from entrypoints.web.limits import NO_LIMITS, RequestLimits
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import Request
from entrypoints.web.ws.guard import SocketGuard

TOO_MANY = "too many connections"


@frozen
class Asked:
    """What a client wants: the frames that it gets once it is followed, and their decimals as `strings` or numbers."""

    following: Callable[[TooSlow], AbstractAsyncContextManager[AsyncIterator[Frame]]]
    strings: bool


@frozen
class SocketServer:
    """Accepts clients, and sends each its frames until it leaves; beyond `most` open sockets a new one is sent away.

    Frames go out from a second task, so that a client that leaves is seen at once.
    """

    drain: Drain
    most: int
    guard: SocketGuard | None = None
    limits: RequestLimits = NO_LIMITS

    async def serve(self, req: Request, ws: WebSocket, kind: str, asked: Callable[[], Asked], target: str) -> None:
        """Send a client the frames that it asked for; `asked` reads its query and may raise HttpProblem.

        The following is entered before the socket is accepted: a feed misses nothing from the moment that it is open.
        `kind` is what the socket is counted under, and `target` what a ticket for it is made out for.
        """
        if await self._let_in(req, ws, target):
            await self._follow(req, ws, kind, asked)

    async def _let_in(self, req: Request, ws: WebSocket, target: str) -> bool:
        """Find out who asks; tell a client whom nobody knows, or can know now, and one that asks too often."""
        try:
            if self.guard is not None:
                req.grant = await self.guard.admit(req, target)
        except (Unauthenticated, RateLimited, StoreUnavailable) as error:
            if await _accepted(req, ws):
                await close(ws, UNAUTHENTICATED if isinstance(error, Unauthenticated) else TRY_LATER, error.code)
            return False
        try:
            self.limits.admit(req, None)
        except HttpProblem as problem:
            if await _accepted(req, ws):
                await close(ws, TRY_LATER, problem.code)
            return False
        return True

    async def _follow(self, req: Request, ws: WebSocket, kind: str, asked: Callable[[], Asked]) -> None:
        try:
            wanted = asked()
        except HttpProblem as problem:
            if await _accepted(req, ws):
                await close(ws, BAD_QUERY, str(problem))
            return
        async with asyncio.TaskGroup() as group:

            def too_slow() -> None:
                if not ws.unaccepted:  # else it is raised when the first frame is asked for
                    group.create_task(close(ws, TRY_LATER, SlowWatcher.code))

            try:
                async with wanted.following(too_slow) as frames:
                    if await _accepted(req, ws):
                        await self._serve(req, ws, kind, _WithStrings(frames) if wanted.strings else frames)
            except Forbidden as error:
                if await _accepted(req, ws):
                    await close(ws, NOT_FOUND, error.code)

    async def _serve(self, req: Request, ws: WebSocket, kind: str, frames: AsyncIterator[Frame]) -> None:
        if self.drain.begun:
            await close(ws, RESTARTING)
        elif self.drain.open_sockets >= self.most:
            await close(ws, TRY_LATER, TOO_MANY)
        else:
            with self.limits.socket(req) as fits:
                await (self._hold(req, ws, kind, frames) if fits else close(ws, TRY_LATER, TOO_MANY))

    async def _hold(self, req: Request, ws: WebSocket, kind: str, frames: AsyncIterator[Frame]) -> None:
        with self.drain.holding(ws), _counted(kind), self._looking_after(req, ws):
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(_send(req, ws, kind, frames))
                await _ignore_messages(ws)
                sender.cancel()

    def _looking_after(self, req: Request, ws: WebSocket) -> AbstractContextManager[None]:
        return nullcontext() if self.guard is None else self.guard.holding(req, ws)


@frozen
class _WithStrings:
    """Frames with their decimals as strings."""

    frames: AsyncIterator[Frame]

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        frame = await anext(self.frames)
        return evolve(frame, text=as_strings(frame.text))


@contextmanager
def _counted(kind: str) -> Iterator[None]:
    observe.socket_opened(kind)
    try:
        yield
    finally:
        observe.socket_ended(kind)


async def _accepted(req: Request, ws: WebSocket) -> bool:
    try:
        await ws.accept(headers=(("X-Request-Id", req.request_id),))
    except falcon.WebSocketDisconnected:
        return False
    return True


async def _send(req: Request, ws: WebSocket, kind: str, frames: AsyncIterator[Frame]) -> None:
    """Send the frames, then close, which ends the receiving too."""
    try:
        async for frame in frames:
            await ws.send_text(frame.text)
            observe.frame_sent(kind)
        await close(ws, NORMAL)
    except falcon.WebSocketDisconnected:
        return
    except (OrderNotFound, Forbidden) as error:
        await close(ws, NOT_FOUND, error.code)
    except (SlowWatcher, StoreUnavailable, Overloaded) as error:
        await close(ws, TRY_LATER, error.code)
    except Exception as error:  # a close code for the client, and for the operator what it was
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
