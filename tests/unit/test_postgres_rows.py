"""Why a quote was taken stands with the quotes, so it is gone when these are replaced, by whoever does it."""

import json
from decimal import Decimal

import msgspec

from adapters.postgres.rows import read_order, row_of_record
from application.ports.order_store import Record
from domain.order import Order
from domain.routing import Quote
from tests.builders import QUOTES, ROUTING, START, VENUES, a_stamp, an_order

# As workers wrote it before they said why.
OLD = '[{"dex":"Raydium","price":"148.32","fee":"0.003"},{"dex":"Meteora","price":"146.91","fee":"0.002"}]'


class OldQuoteRow(msgspec.Struct, rename={"venue": "dex"}):
    """How they read it."""

    venue: str
    price: Decimal
    fee: Decimal


def order_with(quotes: str | None) -> Order:
    """Return the order that a row with these quotes holds."""
    asked = ("id", "user", "SOL", "USDC", Decimal(10), START, START, "routing", 2, 1, ["Fetching", "Best route"])
    return read_order((*asked, quotes, "Meteora", *[None] * 10, False, *[None] * 4))


def written() -> str:
    """Return what is written of a chosen route's quotes."""
    asking, _ = an_order().request_quotes(a_stamp(), VENUES)
    row = row_of_record(Record.of(asking, asking.choose_route(a_stamp(), QUOTES, QUOTES[1], ROUTING)))
    return msgspec.json.encode(row.quotes).decode()


def test_the_chosen_quote_says_why_it_was() -> None:
    other, chosen = json.loads(OLD)
    assert json.loads(written()) == [other, {**chosen, "policy": "lowest_price", "compared": "price"}]
    assert order_with(written()).routing == ROUTING
    assert order_with(written()).quotes == QUOTES


def test_quotes_of_old_rows_and_old_workers_say_nothing_of_it() -> None:
    assert order_with(OLD).quotes == QUOTES
    assert order_with(OLD).routing is None
    assert order_with("[]").routing is None
    assert order_with(None).routing is None


def test_old_workers_read_what_is_written_now() -> None:
    rows = msgspec.json.decode(written(), type=tuple[OldQuoteRow, ...])
    assert tuple(Quote(row.venue, row.price, row.fee) for row in rows) == QUOTES
