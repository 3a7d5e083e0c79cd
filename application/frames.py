"""What clients see of an event: one JSON text, made once, stored, published and sent as it is."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring

from attrs import frozen

from domain.events import OrderEvent
from domain.money import plain
from domain.order import Order
from domain.routing import Routing

quoted: Callable[[str], str] = encode_basestring  # a text in JSON


@frozen
class Frame:
    """One update of an order: `text` is its wire form, the rest what is needed to pass it on."""

    order_id: str
    user_id: str
    seq: int
    final: bool
    text: str


@lru_cache(maxsize=64)
def timestamp(at: datetime) -> str:
    """RFC 3339, UTC with milliseconds and `Z`; `at` must be UTC."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def routing_json(routing: Routing) -> str:
    """Why a quote was taken, as clients see it."""
    return f'{{"policy":{quoted(routing.policy)},"compared":{quoted(routing.compared)}}}'


def birth_frame(order: Order) -> Frame:
    """Seq 0: the order was accepted. Made of what never changes, so it is the same at any time."""
    text = (
        f'{{"orderId":"{order.order_id}","status":"pending","message":"Order accepted","seq":0,'
        f'"timestamp":"{timestamp(order.created_at)}","attempt":1,"userId":{quoted(order.user_id)},'
        f'"inputToken":{quoted(order.input_token)},"outputToken":{quoted(order.output_token)},'
        f'"amount":{plain(order.amount)}}}'
    )
    return Frame(order.order_id, order.user_id, 0, False, text)


def frame_of(event: OrderEvent) -> Frame:
    """Return the frame of a stored event: absent fields are left out, decimals keep their exact digits."""
    extra = ""
    if event.chosen_venue is not None:
        extra += f'"chosenDex":{quoted(event.chosen_venue)},'
    if event.routing is not None:
        extra += f'"routing":{routing_json(event.routing)},'
    if event.transaction is not None:
        extra += f'"txHash":{quoted(event.transaction.tx_hash)},'
    if event.execution_price is not None:
        extra += f'"executionPrice":{plain(event.execution_price)},'
    if event.reason is not None:
        extra += f'"reasonCode":"{event.reason}",'
    text = (
        f'{{"orderId":"{event.order_id}","status":"{event.status}","message":{quoted(event.message)},{extra}'
        f'"seq":{event.seq},"timestamp":"{timestamp(event.at)}","attempt":{event.attempt},'
        f'"userId":{quoted(event.user_id)}}}'
    )
    return Frame(event.order_id, event.user_id, event.seq, event.status.is_final, text)
