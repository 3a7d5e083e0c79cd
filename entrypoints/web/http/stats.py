"""`GET /api/stats`: how much there is to do."""

from attrs import frozen
from falcon.asgi import Response

from application.engine_stats import EngineStats
from entrypoints.web.http import presenter
from entrypoints.web.request import Request


@frozen
class StatsResource:
    """The engine at a glance, up to a second old."""

    stats: EngineStats

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show it."""
        resp.text = presenter.stats_json(await self.stats(req.caller))

    on_head = on_get
