"""Makes a call go wrong over HTTP in the way that its fault says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import falcon
from attrs import frozen
from falcon.asgi import Request

from simulators.venue.clock import Clock
from simulators.venue.faults import Fault, Spoilt

# Longer than any client waits; then the connection is dropped, so that none is held for ever.
HANG_SECONDS = 60.0


@frozen
class Spoiler:
    """Spoils what happens around a call's work. A slow call does its work late, also when its caller has gone."""

    clock: Clock
    slow_seconds: float

    @asynccontextmanager
    async def around(self, req: Request, fault: Spoilt | None) -> AsyncIterator[None]:
        """Do the body, the call's work, with this fault before or after it."""
        match fault:
            case Fault.SLOW:
                await self.clock.sleep(self.slow_seconds)
            case Fault.ERROR_BEFORE:
                raise falcon.HTTPServiceUnavailable
            case Fault.TIMEOUT_BEFORE:
                await self._hang(req)
        yield
        match fault:
            case Fault.ERROR_AFTER:
                raise falcon.HTTPBadGateway
            case Fault.TIMEOUT_AFTER:
                await self._hang(req)
            case Fault.LOST_REPLY:
                await self._drop(req)

    async def _hang(self, req: Request) -> NoReturn:
        await self.clock.sleep(HANG_SECONDS)
        await self._drop(req)

    async def _drop(self, req: Request) -> NoReturn:
        """Reset the connection; nothing of the answer reaches the client."""
        req.scope["extensions"]["drop"]()
        raise Dropped


class Dropped(Exception):
    """The connection is gone: there is nobody to answer."""
