"""Orders as JSON: the exact text."""

import json
from decimal import Decimal

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from application.frames import Frame
from application.ports.order_store import OrderPage
from domain.money import EXACT
from domain.routing import Quote
from domain.status import FailureReason
from entrypoints.web.http.presenter import accepted_json, frames_json, order_json, page_json
from tests.api import exact
from tests.builders import a_stamp, an_order, confirmed, submitted

_prices = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("9999999999"), places=8)


def test_a_confirmed_orders_text() -> None:
    order = evolve(confirmed(an_order()), order_id="id", slippage_bps=50, client_order_id="c-1", amount=Decimal("1E+1"))
    transaction = order.transaction
    assert transaction is not None
    assert order_json(order) == (
        '{"orderId":"id","userId":"user123","inputToken":"SOL","outputToken":"USDC","amount":10,"status":"confirmed",'
        f'"chosenDex":"Meteora","txHash":"{transaction.tx_hash}","executionPrice":147.3312,"slippageBps":50,'
        '"clientOrderId":"c-1","attempt":1,"reasonCode":null,'
        '"quotes":[{"dex":"Raydium","price":148.32,"fee":0.003,"netPrice":147.87504,"chosen":false},'
        '{"dex":"Meteora","price":146.91,"fee":0.002,"netPrice":146.61618,"chosen":true}],'
        '"routing":{"policy":"lowest_price","compared":"price"},'
        '"logs":["Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...",'
        '"Transaction submitted to network...","Swap executed successfully"],'
        '"createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","finishedAt":"2026-01-02T03:04:05.678Z"}'
    )


def test_a_failed_order_has_no_hash_and_a_reason() -> None:
    order = json.loads(order_json(submitted(an_order()).fail(a_stamp(), FailureReason.SLIPPAGE_EXCEEDED)[0]))
    assert (order["txHash"], order["executionPrice"], order["reasonCode"]) == (None, None, "slippage_exceeded")
    assert order["logs"][-1] == "Slippage tolerance exceeded"


@settings(deadline=None)
@given(amount=_prices, price=_prices, fee=st.decimals(0, 1, places=6), user=st.text(min_size=1).filter(str.strip))
def test_any_numbers_and_texts_come_back_exactly(amount: Decimal, price: Decimal, fee: Decimal, user: str) -> None:
    quotes = (Quote("A", price, fee), Quote("B", amount, fee))
    order = evolve(an_order(), amount=amount, execution_price=price, quotes=quotes, user_id=user, logs=(user,))
    text = order_json(order)
    shown = exact(text)
    assert (shown["amount"], shown["executionPrice"], shown["userId"], shown["logs"]) == (amount, price, user, [user])
    told = [(quote["price"], quote["fee"], quote["netPrice"]) for quote in shown["quotes"]]
    assert told == [(price, fee, EXACT.multiply(price, 1 - fee)), (amount, fee, EXACT.multiply(amount, 1 - fee))]
    for written in json.loads(text, parse_float=str, parse_int=str)["quotes"]:
        assert "e" not in (written["price"] + written["fee"] + written["netPrice"]).lower()


def test_the_texts_around() -> None:
    order, frame = an_order(), Frame("id", "u", 1, False, '{"seq":1}')
    assert accepted_json("id") == b'{"orderId":"id","status":"pending"}'
    assert frames_json([frame, frame]) == '{"data":[{"seq":1},{"seq":1}]}'
    assert frames_json([]) == '{"data":[]}'
    assert page_json(OrderPage((order,), "next")) == f'{{"data":[{order_json(order)}],"nextCursor":"next"}}'
    assert page_json(OrderPage((), None)) == '{"data":[],"nextCursor":null}'
