"""What the gateway makes of a venue's answers: only the right form counts, and a rejection has to be said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.http_venue.venue import HttpVenue
from application.ports.errors import NotOffered, VenueUnavailable
from application.ports.venue_history import Received
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, NetworkFee, TransactionReport, TransactionStatus
from tests.builders import START, a_fill, a_transaction, an_order
from tests.clock import ManualClock

HASH = "tx_1"
LANDED = '{"txHash":"tx_1","status":"landed","price":"147.33120000"}'


def reply(body: str, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer by hand."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n{body}".encode()


@asynccontextmanager
async def venue_that_answers(*answers: bytes, clock: ManualClock | None = None) -> AsyncIterator[HttpVenue]:
    """Give a venue that sends these bytes, one answer a connection, and then closes it."""
    waiting = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        venue = HttpVenue(
            "Meteora",
            f"http://127.0.0.1:{port}",
            clock or ManualClock(),
            valid_seconds=30,
            timeout_seconds=1,
            swap_timeout_seconds=1,
        )
        await venue.open()
        yield venue
        await venue.close()


NO_ANSWER = [
    b"",
    b"garbage\r\n\r\n",
    LANDED.encode(),
    b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + LANDED.encode(),
    reply(LANDED, "500 Internal Server Error"),
    reply(LANDED, "404 Not Found"),
    reply(LANDED, "201 Created"),
    reply('{"txHash":"tx_1","status":"rejected","reason":"slippage_exceeded"}', "409 Conflict"),
    reply("", "302 Found", Location="http://127.0.0.1:1/"),
    reply(""),
    reply("null"),
    reply("[]"),
    reply('"rejected"'),
    reply("\xff"),
    reply('{"txHash":"tx_1"}'),
    reply('{"status":"rejected"}'),
    reply('{"txHash":"tx_1","status":"dropped"}'),
    reply('{"txHash":"tx_1","status":"dead"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"1","amountOut":"-1","venueFee":"0"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"1","amountOut":"0","venueFee":"0"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"1","amountOut":"100000000000","venueFee":"0"}'),
    reply('{"txHash":"tx_2","status":"rejected","reason":"expired"}'),
    reply('{"txHash":"tx_1","status":"landed"}'),
    reply('{"txHash":"tx_1","status":"landed","price":147.33}'),
    reply('{"txHash":"tx_1","status":"landed","price":"0"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"-1"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"NaN"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"1e2"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"9999999999.999999999"}'),
    reply('{"txHash":"tx_1","status":"landed","price":"10000000000"}'),
    reply('{"txHash":"tx_1","status":"rejected","x":' + "[" * 50_000 + "]" * 50_000 + "}"),
    reply(LANDED, **{"Content-Encoding": "gzip"}),
]


@pytest.mark.parametrize("answer", NO_ANSWER)
async def test_what_is_no_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    async with venue_that_answers(answer) as venue:
        for call in (venue.send, venue.lookup):
            with pytest.raises(VenueUnavailable):
                await call(a_transaction(an_order(), tx_hash=HASH))


async def test_a_landed_swaps_price_is_exact() -> None:
    async with venue_that_answers(reply(LANDED)) as venue:
        transaction = a_transaction(an_order(), tx_hash=HASH)
        report = TransactionReport(TransactionStatus.LANDED, fill=a_fill(Decimal("147.3312")))
        assert await venue.send(transaction) == await venue.lookup(transaction) == report


AMOUNTS = '"amountOut":"1470.318","venueFee":"2.994"'


@pytest.mark.parametrize(
    ("told", "fill"),
    [
        ("", Fill(Decimal(10), Decimal("1470.365376"), Decimal("2.946624"))),
        (AMOUNTS, Fill(Decimal(10), Decimal("1470.318"), Decimal("2.994"))),
        ('"amountOut":"1470.318"', Fill(Decimal(10), Decimal("1470.365376"), Decimal("2.946624"))),
        (
            f'{AMOUNTS},"networkFee":"0.000005","networkFeeAsset":"SOL"',
            Fill(Decimal(10), Decimal("1470.318"), Decimal("2.994"), NetworkFee(Decimal("0.000005"), "SOL")),
        ),
    ],
    ids=["by price and quoted fee", "by amounts", "half of the amounts", "with the network's fee"],
)
async def test_a_fill_is_what_the_venue_says_came_out(told: str, fill: Fill) -> None:
    body = LANDED.replace("}", f",{told}}}") if told else LANDED
    async with venue_that_answers(reply(body)) as venue:
        report = await venue.send(a_transaction(an_order(), tx_hash=HASH))
    assert (report.fill, fill.price) == (fill, Decimal("147.3312"))


@pytest.mark.parametrize("price", ["147.331200005", "0.123456789012345678901234567890", "0.000000001"])
async def test_a_landed_swaps_price_may_be_more_exact_than_what_is_kept_of_it(price: str) -> None:
    async with venue_that_answers(reply(f'{{"txHash":"tx_1","status":"landed","price":"{price}"}}')) as venue:
        report = await venue.send(a_transaction(an_order(), tx_hash=HASH))
        assert report.fill
        assert report.fill.price == Decimal(price)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('"reason":"slippage_exceeded"', FailureReason.SLIPPAGE_EXCEEDED),
        ('"reason":"cancelled"', FailureReason.INTERNAL_ERROR),
        ('"reason":"transaction_expired"', FailureReason.INTERNAL_ERROR),
        ('"reason":null', FailureReason.INTERNAL_ERROR),
        ('"price":"1"', FailureReason.INTERNAL_ERROR),
    ],
)
async def test_a_rejection_is_one_whatever_its_reason_is_called(told: str, reason: FailureReason) -> None:
    async with venue_that_answers(reply(f'{{"txHash":"tx_1","status":"rejected",{told}}}')) as venue:
        report = await venue.send(a_transaction(an_order(), tx_hash=HASH))
        assert report == TransactionReport(TransactionStatus.REJECTED, reason=reason)


async def test_the_venues_own_word_that_it_expired_proves_it_dead() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","status":"rejected","reason":"expired"}')) as venue:
        transaction = a_transaction(an_order(), tx_hash=HASH)
        assert await venue.send(transaction) == await venue.lookup(transaction)
        assert await venue.send(transaction) == TransactionReport(TransactionStatus.DEAD)


async def test_unknown_is_an_answer_to_a_question_and_nonsense_after_sending() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","status":"unknown"}')) as venue:
        transaction = a_transaction(an_order(), tx_hash=HASH)
        assert (await venue.lookup(transaction)).status is TransactionStatus.UNKNOWN
        with pytest.raises(VenueUnavailable):
            await venue.send(transaction)


QUOTE = '{"price":"146.91","fee":"0.002"}'


@pytest.mark.parametrize(
    "answer",
    [
        reply(QUOTE, "503 Service Unavailable"),
        reply('{"price":146.91,"fee":"0.002"}'),
        reply('{"price":"146.91","fee":0.002}'),
        reply('{"price":"146.91","fee":"1"}'),
        reply('{"price":"146.91","fee":"-0.1"}'),
        reply('{"price":"0","fee":"0"}'),
        reply('{"price":"Infinity","fee":"0"}'),
        reply("<html>"),
    ],
)
async def test_a_bad_quote_is_a_refusal(answer: bytes) -> None:
    async with venue_that_answers(answer) as venue:
        with pytest.raises(VenueUnavailable):
            await venue.quote(an_order())


async def test_a_quote_is_exact_and_its_unknown_fields_are_passed_over() -> None:
    async with venue_that_answers(reply('{"price":"146.91000001","fee":"0","pool":"x"}')) as venue:
        assert await venue.quote(an_order()) == Quote("Meteora", Decimal("146.91000001"), Decimal(0))


@pytest.mark.parametrize("tx_hash", ['""', '"a b"', '"tx\\u0000"', '"tx\\n"', "1", "null", f'"{"x" * 256}"'])
async def test_a_hash_that_cannot_be_kept_is_no_transaction(tx_hash: str) -> None:
    async with venue_that_answers(reply(f'{{"txHash":{tx_hash},"expiresAt":"2026-01-02T03:04:05Z"}}')) as venue:
        with pytest.raises(VenueUnavailable):
            await venue.build(an_order(), Quote("Meteora", Decimal(1), Decimal(0)))


@pytest.mark.parametrize(
    "expiry",
    [
        "",
        ',"expiresAt":null',
        ',"expiresAt":30',
        ',"expiresAt":"soon"',
        r',"expiresAt":"\ud800"',
        ',"expiresAt":"2026-01-02T03:04:05"',
        ',"expiresAt":"9999-12-31T23:59:59-23:00"',
    ],
)
async def test_a_transaction_whose_venue_names_no_end_is_none(expiry: str) -> None:
    async with venue_that_answers(reply(f'{{"txHash":"tx_1"{expiry}}}')) as venue:
        with pytest.raises(VenueUnavailable):
            await venue.build(an_order(), Quote("Meteora", Decimal(1), Decimal(0)))


async def test_the_venue_says_when_a_transaction_expires() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","expiresAt":"2031-01-02T03:04:05.5+02:00"}')) as venue:
        transaction = await venue.build(an_order(), Quote("Meteora", Decimal(1), Decimal(0)))
        assert transaction.expires_at == datetime(2031, 1, 2, 1, 4, 5, 500_000, tzinfo=UTC)
        assert transaction.expires_at.utcoffset() == timedelta(0)
        assert b'"expiresAt":"2031-01-02T01:04:05.500000Z"' in transaction.payload


async def test_a_venue_that_does_not_wait_is_asked_until_the_end() -> None:
    pending = reply('{"txHash":"tx_1","status":"pending"}')
    clock = ManualClock()
    async with venue_that_answers(pending, pending, reply(LANDED), clock=clock) as venue:
        sending = asyncio.create_task(venue.send(a_transaction(an_order(), tx_hash=HASH)))
        while not sending.done():
            await clock.advance(0.1)
        assert sending.result().fill == a_fill(Decimal("147.3312"))


async def test_a_swap_that_takes_too_long_is_unknown() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","status":"pending"}')) as venue:
        with pytest.raises(VenueUnavailable):
            await venue.send(a_transaction(an_order(), tx_hash=HASH))


async def history_of(*answers: bytes) -> list[Received]:
    async with venue_that_answers(*answers) as venue:
        return [one async for page in venue.received(START) for one in page]


ENTRY = '"orderId":"o","attempt":1,"amount":"10","receivedAt":"2026-01-02T03:04:05Z"'


async def test_a_history_is_read_page_by_page_without_what_a_venue_need_not_say() -> None:
    first, last = LANDED.replace("}", f",{ENTRY}}}"), f'{{"txHash":"tx_2","status":"pending",{ENTRY}}}'
    found = await history_of(reply(f'{{"data":[{first}],"nextCursor":"1"}}'), reply(f'{{"data":[{last}]}}'))
    assert [(one.transaction.tx_hash, one.transaction.amount) for one in found] == [
        ("tx_1", Decimal(10)),
        ("tx_2", Decimal(10)),
    ]
    assert found[0].report.fill == Fill.at_price(Decimal(10), Decimal("147.3312"), Decimal(0))


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
async def test_a_venue_that_has_no_history_says_so(status: str) -> None:
    with pytest.raises(NotOffered):
        await history_of(reply("", status))


NO_TIME = LANDED.replace("}", f",{ENTRY}}}").replace("2026-01-02T03:04:05Z", "0001-01-01T00:00:00+01:00")
NO_END = LANDED.replace("}", f',{ENTRY},"expiresAt":"9999-12-31T23:59:59-23:00"}}')


@pytest.mark.parametrize(
    "answer",
    [b"", reply("", "500 No"), reply("[]"), *(reply(f'{{"data":[{one}]}}') for one in (LANDED, NO_TIME, NO_END))],
)
async def test_a_bad_history_is_no_answer(answer: bytes) -> None:
    with pytest.raises(VenueUnavailable) as refused:
        await history_of(answer)
    assert not isinstance(refused.value, NotOffered)


async def test_a_history_without_an_end_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http_venue.venue.MOST_PAGES", 3)
    first = LANDED.replace("}", f",{ENTRY}}}")
    with pytest.raises(VenueUnavailable, match="makes no sense"):
        await history_of(*(reply(f'{{"data":[{first}],"nextCursor":"{cursor}"}}') for cursor in range(9)))


@pytest.mark.parametrize("cursors", ["11", "121", "123421"])
async def test_a_history_that_goes_in_circles_is_no_answer(cursors: str) -> None:
    first = LANDED.replace("}", f",{ENTRY}}}")
    with pytest.raises(VenueUnavailable, match="makes no sense"):
        await history_of(*(reply(f'{{"data":[{first}],"nextCursor":"{cursor}"}}') for cursor in cursors))
