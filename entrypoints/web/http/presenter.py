"""Orders on the wire. Written by hand: the order of fields is fixed and decimals keep their exact digits."""

from collections.abc import Callable, Iterable
from json import JSONEncoder
from typing import Any

from attrs import asdict

from application.cancel_orders import CancelledOrders
from application.engine_stats import Stats
from application.frames import Frame, quoted, routing_json, timestamp
from application.ports.authenticator import Grant
from application.ports.order_store import OrderPage
from application.ports.workers import SeenWorker
from application.socket_tickets import IssuedTicket
from application.trading_rules import TradingRules
from domain.asset import Asset
from domain.money import plain
from domain.order import Order
from domain.routing import Quote

_compact: Callable[[Any], str] = JSONEncoder(separators=(",", ":")).encode


def accepted_json(order_id: str) -> bytes:
    """Return the answer to an order that was taken."""
    return f'{{"orderId":"{order_id}","status":"pending"}}'.encode()


def order_json(order: Order, execution: str | None = None) -> str:
    """Return an order as clients see it; what is absent is null, but for an `execution`, which is JSON already."""
    price, slippage, finished = order.execution_price, order.slippage_bps, order.finished_at
    routing = order.routing
    return (
        f'{{"orderId":"{order.order_id}","userId":{quoted(order.user_id)},"inputToken":{quoted(order.input_token)},'
        f'"outputToken":{quoted(order.output_token)},"amount":{plain(order.amount)},"status":"{order.status}",'
        f'"chosenDex":{text_or_null(order.chosen_venue)},"txHash":{text_or_null(order.tx_hash)},'
        f'"executionPrice":{"null" if price is None else plain(price)},'
        f'"slippageBps":{"null" if slippage is None else slippage},'
        f'"clientOrderId":{text_or_null(order.client_order_id)},"attempt":{order.attempt},'
        f'"reasonCode":{text_or_null(order.reason)},'
        f'"quotes":[{",".join(_quote(quote, order.chosen_venue) for quote in order.quotes)}],'
        f'"routing":{"null" if routing is None else routing_json(routing)},'
        f'"logs":[{",".join(map(quoted, order.logs))}],"createdAt":"{timestamp(order.created_at)}",'
        f'"updatedAt":"{timestamp(order.updated_at)}",'
        f'"finishedAt":{"null" if finished is None else quoted(timestamp(finished))}'
        + ("}" if execution is None else f',"execution":{execution}}}')
    )


def page_json(page: OrderPage) -> str:
    """Return one page of a list."""
    return list_json(map(order_json, page.orders), page.next_cursor)


def list_json(items: Iterable[str], next_cursor: str | None) -> str:
    """Return one page of any list, of items that are JSON already."""
    return f'{{"data":[{",".join(items)}],"nextCursor":{text_or_null(next_cursor)}}}'


def frames_json(frames: Iterable[Frame]) -> str:
    """Return an order's story; each frame is byte for byte the one on the WebSocket."""
    return f'{{"data":[{",".join(frame.text for frame in frames)}]}}'


def cancelled_json(outcome: CancelledOrders) -> str:
    """Return what became of orders that were to be stopped."""
    return _compact({"cancelled": outcome.cancelled, "notCancellable": outcome.not_cancellable})


def stats_json(stats: Stats, rules: TradingRules) -> str:
    """Return the engine's state at a glance; seconds have milliseconds. `halt` is there while trading is halted."""
    waited = stats.oldest_pending_seconds
    queue = None if stats.queue is None else asdict(stats.queue)
    facts = {
        "open": stats.open,
        "oldestPendingSeconds": waited and round(waited, 3),
        "queue": queue,
        "windows": {name: asdict(counts) for name, counts in stats.windows.items()},
        "workers": [worker_facts(worker) for worker in stats.workers],
        "policy": rules.policy,
        "defaultSlippageBps": rules.default_slippage_bps,
    }
    if halt := stats.halt:
        facts["halt"] = {
            "since": timestamp(halt.since),
            "why": halt.why,
            "by": halt.by,
            "lostWrites": halt.lost_writes,
        }
    return _compact(facts)


def worker_facts(worker: SeenWorker) -> dict[str, object]:
    """Return what is known of a worker."""
    state = worker.state
    return {
        "name": state.name,
        "version": state.version,
        "slots": state.slots,
        "inFlight": state.in_flight,
        "since": timestamp(worker.since),
        "seenAt": timestamp(worker.seen_at),
    }


def grant_json(grant: Grant) -> str:
    """Return what a credential allows."""
    caller, ends = grant.caller, grant.expires_at
    facts = {"userId": caller.user_id, "scopes": sorted(caller.scopes), "expiresAt": ends and timestamp(ends)}
    return _compact(facts)


def ticket_json(issued: IssuedTicket) -> str:
    """Return a ticket to who asked for it."""
    return _compact({"ticket": issued.text, "expiresAt": timestamp(issued.expires_at)})


def tokens_json(assets: Iterable[Asset]) -> str:
    """Return the token list."""
    tokens = [
        {
            "chain": asset.chain,
            "address": asset.address,
            "symbol": asset.symbol,
            "decimals": asset.decimals,
            "tokenProgram": asset.program,
        }
        for asset in assets
    ]
    return _compact({"data": tokens})


def text_or_null(text: str | None) -> str:
    """Return a text as JSON."""
    return "null" if text is None else quoted(text)


def _quote(quote: Quote, chosen: str | None) -> str:
    return (
        f'{{"dex":{quoted(quote.venue)},"price":{plain(quote.price)},"fee":{plain(quote.fee)},'
        f'"netPrice":{plain(quote.net_price)},'
        f'"chosen":{"true" if quote.venue == chosen else "false"}}}'
    )
