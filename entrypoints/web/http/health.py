"""Is the process alive, and should it get work? `/health/live` and `/health/ready`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

import falcon
import msgspec
from attrs import frozen
from falcon.asgi import Response

from entrypoints.web import observe
from entrypoints.web.drain import Drain
from entrypoints.web.request import Request

CHECK_SECONDS = 2.0


@frozen
class Check:
    """One thing to look after: `probe` raises when it is down, or takes longer than 2 s.

    When a check that is not `required` fails, the process is degraded and still ready. One that has a word of its own
    for its failure, `shown_as`, is shown for information only, and only then.
    """

    probe: Callable[[], Awaitable[object]]
    required: bool = True
    shown_as: str | None = None


Checks = Mapping[str, Check]
NO_CHECKS: Checks = MappingProxyType({})


@frozen
class HealthResource:
    """Runs its checks side by side: 200, or 503 when a required one failed or the process drains.

    A `bare` one does not say which: that is nobody's business but the operator's.
    """

    for_everyone: ClassVar[bool] = True
    checks: Checks
    drain: Drain | None = None
    all_required: bool = False
    bare: bool = False

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say how the process is."""
        results = await asyncio.gather(*(self._run(name, check) for name, check in self.checks.items()))
        outcomes = zip(self.checks.items(), results, strict=True)
        outcome = {name: result for (name, check), result in outcomes if check.shown_as in (None, result)}
        status = "unavailable" if "down" in results else "ok"
        if self.drain is not None and self.drain.begun:
            status = "draining"
        resp.status = falcon.HTTP_200 if status == "ok" else falcon.HTTP_503
        resp.data = msgspec.json.encode({"status": status} if self.bare else {"status": status, "checks": outcome})

    on_head = on_get

    async def _run(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check.probe()
        except Exception as error:  # whatever is wrong with it, it is not up
            if check.shown_as is not None:
                return check.shown_as
            observe.check_failed(name, error)
            return "down" if check.required or self.all_required else "degraded"
        return "ok"
