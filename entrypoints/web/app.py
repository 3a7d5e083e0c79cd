"""The API's falcon app, put together from constructed objects."""

from attrs import field, frozen
from falcon.asgi import App, Response

from application.cancel_order import CancelOrder
from application.cancel_orders import CancelOrders
from application.engine_stats import EngineStats
from application.manage_webhooks import ManageWebhooks
from application.operate_orders import OperateOrders
from application.ports.authenticator import Authenticator
from application.ports.token_registry import TokenRegistry
from application.query_executions import QueryExecutions
from application.query_orders import QueryOrders
from application.socket_tickets import SocketTickets
from application.submit_order import SubmitOrder
from application.trading_rules import TradingRules
from application.watch_feed import WatchFeed
from application.watch_order import WatchOrder
from entrypoints.web.drain import Drain
from entrypoints.web.http import error_handlers, orders, webhooks
from entrypoints.web.http.access import MeResource, TicketsResource
from entrypoints.web.http.cancel_all import CancelAllResource
from entrypoints.web.http.execution_presenter import ExecutionPresenter
from entrypoints.web.http.executions import ExecutionsResource
from entrypoints.web.http.health import NO_CHECKS, Checks, HealthResource
from entrypoints.web.http.metrics import MetricsResource
from entrypoints.web.http.middleware import Middleware
from entrypoints.web.http.operating import FailResource, RequeueResource, ReviveResource
from entrypoints.web.http.stats import StatsResource
from entrypoints.web.http.tokens import TokensResource
from entrypoints.web.limits import NO_LIMITS, RequestLimits
from entrypoints.web.pages.console.resources import add_console
from entrypoints.web.pages.describing import add_descriptions
from entrypoints.web.request import Request, request_type
from entrypoints.web.site import Site
from entrypoints.web.ws.guard import SocketGuard
from entrypoints.web.ws.orders import SOCKETS_MOST, FeedSocket, OrderSocket
from entrypoints.web.ws.socket_server import SocketServer


@frozen
class Services:
    """What the API serves: the use cases, and the checks behind `/health/ready` and `/health/live`.

    `presenter` writes executions. `tokens` are those that orders may name; without them any name will do. Without
    their use case `webhooks` are off.
    `authenticator` tells who asks, and `guard` who opens sockets; without them everyone may do everything, and without
    `limits` as often as they like.
    """

    submit: SubmitOrder
    query: QueryOrders
    executions: QueryExecutions
    cancel: CancelOrder
    cancel_all: CancelOrders
    watch: WatchOrder
    watch_feed: WatchFeed
    stats: EngineStats
    rules: TradingRules
    tickets: SocketTickets
    operate: OperateOrders
    tokens: TokenRegistry | None = None
    ready: Checks = NO_CHECKS
    live: Checks = NO_CHECKS
    authenticator: Authenticator | None = None
    guard: SocketGuard | None = None
    limits: RequestLimits | None = None
    presenter: ExecutionPresenter = field(factory=ExecutionPresenter)
    webhooks: ManageWebhooks | None = None


def create_app(
    services: Services, drain: Drain, site: Site | None = None, *, docs: bool = True, sockets_most: int = SOCKETS_MOST
) -> "App[Request, Response]":
    """Build the API. `drain` and `site` are those of the server that runs it: `drain` ends readiness and open sockets.

    Beyond `sockets_most` open sockets a new one is closed with 1013, try later.
    """
    app = _bare_app(drain, site or Site(), services.authenticator, services.limits)
    sockets = SocketServer(drain, sockets_most, services.guard, services.limits or NO_LIMITS)
    followed = OrderSocket(services.watch, sockets)
    app.add_route("/api/orders/execute", orders.ExecuteResource(services.submit, followed.by_query))
    app.add_route("/api/orders", orders.OrdersResource(services.query))
    app.add_route("/api/orders/{order_id}", orders.OrderResource(services.query, services.presenter))
    app.add_route("/api/orders/{order_id}/events", orders.EventsResource(services.query))
    app.add_route("/api/orders/cancel-all", CancelAllResource(services.cancel_all))
    app.add_route("/api/orders/{order_id}/cancel", orders.CancelResource(services.cancel))
    app.add_route("/api/orders/{order_id}/requeue", RequeueResource(services.operate))
    app.add_route("/api/orders/{order_id}/revive", ReviveResource(services.operate))
    app.add_route("/api/orders/{order_id}/fail", FailResource(services.operate))
    app.add_route("/api/executions", ExecutionsResource(services.executions, services.presenter))
    app.add_route("/api/stats", StatsResource(services.stats, services.rules))
    app.add_route("/api/tokens", TokensResource(services.tokens))
    app.add_route("/api/me", MeResource())
    app.add_route("/api/ws-tickets", TicketsResource(services.tickets))
    app.add_route("/api/webhooks", webhooks.WebhooksResource(services.webhooks))
    app.add_route("/api/webhooks/{webhook_id}", webhooks.WebhookResource(services.webhooks))
    app.add_route("/api/webhooks/{webhook_id}/rotate-secret", webhooks.SecretResource(services.webhooks))
    app.add_route("/api/webhooks/{webhook_id}/test", webhooks.TestResource(services.webhooks))
    app.add_route("/api/webhooks/{webhook_id}/deliveries", webhooks.DeliveriesResource(services.webhooks))
    app.add_route("/api/webhooks/{webhook_id}/replay", webhooks.ReplayResource(services.webhooks))
    app.add_route("/ws/orders", FeedSocket(services.watch_feed, sockets))
    app.add_route("/ws/orders/{order_id}", followed)
    app.add_route("/health/live", HealthResource(services.live))
    app.add_route("/health/ready", HealthResource(services.ready, drain, bare=True))
    add_console(app)
    if docs:
        add_descriptions(app)
    return app


def operations_app(
    ready: Checks,
    stats: EngineStats,
    live: Checks = NO_CHECKS,
    *,
    drain: Drain | None = None,
    all_required: bool = False,
) -> "App[Request, Response]":
    """Build the small app of an API's operations port, or with `all_required` of a worker's: metrics and health."""
    app = _bare_app(drain or Drain(), Site())
    app.add_route("/metrics", MetricsResource(stats))
    app.add_route("/health/live", HealthResource(live))
    app.add_route("/health/ready", HealthResource(ready, drain, all_required))
    return app


def _bare_app(
    drain: Drain, site: Site, authenticator: Authenticator | None = None, limits: RequestLimits | None = None
) -> "App[Request, Response]":
    app: App[Request, Response] = App(
        request_type=request_type(guarded=authenticator is not None, proxies=site.proxies),
        middleware=[Middleware(drain, site, authenticator, limits)],
    )
    app.ws_options.max_receive_queue = 0  # no task and queue a socket: its resource always receives
    error_handlers.install(app)
    return app
