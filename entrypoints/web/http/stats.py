"""`GET /api/stats`: how much there is to do."""

from attrs import frozen
from falcon.asgi import Response

from application.engine_stats import EngineStats
from application.trading_rules import TradingRules
from entrypoints.web.http import presenter
from entrypoints.web.request import Request


@frozen
class StatsResource:
    """The engine at a glance, up to a second old, and by which rules it trades."""

    stats: EngineStats
    rules: TradingRules

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show it."""
        resp.text = presenter.stats_json(await self.stats(req.caller), self.rules)

    on_head = on_get
