"""The wire form of events: field order, exact digits, nothing absent."""

import json
from decimal import Decimal

from application.frames import birth_frame, frame_of
from domain.status import FailureReason
from tests.builders import QUOTES, ROUTING, VENUES, a_fill, a_stamp, a_transaction, an_order, routed, submitted


def test_the_birth_frame() -> None:
    order = an_order(amount="0.10", userId='q"uote \\ ünï')
    frame = birth_frame(order)
    assert frame.text == (
        f'{{"orderId":"{order.order_id}","status":"pending","message":"Order accepted","seq":0,'
        '"timestamp":"2026-01-02T03:04:05.678Z","attempt":1,"userId":"q\\"uote \\\\ ünï","inputToken":"SOL",'
        '"outputToken":"USDC","amount":0.1}'
    )
    assert json.loads(frame.text)["userId"] == 'q"uote \\ ünï'
    assert (frame.order_id, frame.seq, frame.final) == (order.order_id, 0, False)


def test_a_route_frame_is_the_contracts_example() -> None:
    order, _ = an_order().request_quotes(a_stamp(), VENUES)
    _, event = order.choose_route(a_stamp(), QUOTES, QUOTES[1], ROUTING)
    assert frame_of(event).text == (
        f'{{"orderId":"{order.order_id}","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora",'
        '"routing":{"policy":"lowest_price","compared":"price"},"seq":2,"timestamp":"2026-01-02T03:04:05.678Z","attempt":1,"userId":"user123"}'
    )


def test_submitted_and_confirmed_tell_the_hash_and_confirmed_the_price() -> None:
    building, _ = routed(an_order()).start_building(a_stamp())
    transaction = a_transaction(building)
    order, event = building.submit(a_stamp(), transaction)
    assert json.loads(frame_of(event).text)["txHash"] == transaction.tx_hash
    _, event = order.confirm(a_stamp(), a_fill(Decimal("147.3300")))
    frame = frame_of(event)
    assert '"executionPrice":147.33,' in frame.text
    assert json.loads(frame.text)["txHash"] == transaction.tx_hash
    assert frame.final


def test_a_failed_frame_tells_the_reason_and_nothing_that_is_absent() -> None:
    order = submitted(an_order())
    _, event = order.fail(a_stamp(), FailureReason.SLIPPAGE_EXCEEDED)
    told = json.loads(frame_of(event).text)
    assert told["reasonCode"] == "slippage_exceeded"
    assert told["message"] == "Slippage tolerance exceeded"
    assert set(told) == {"orderId", "status", "message", "reasonCode", "seq", "timestamp", "attempt", "userId"}
