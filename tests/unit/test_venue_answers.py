"""What the gateway makes of a venue's answers: only the right form counts, and a rejection has to be said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from adapters.dex.http import HttpDexGateway
from application.ports.errors import TransactionRejected, VenueUnavailable
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, TransactionReport, TransactionStatus
from tests.builders import a_transaction, an_order
from tests.clock import ManualClock

HASH = "tx_1"
LANDED = '{"txHash":"tx_1","status":"landed","price":"147.33120000"}'


def reply(body: str, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer by hand."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n{body}".encode()


@asynccontextmanager
async def venue_that_answers(*answers: bytes, clock: ManualClock | None = None) -> AsyncIterator[HttpDexGateway]:
    """Give a gateway whose venue sends these bytes, one answer a connection, and then closes it."""
    waiting = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        venues = {"Meteora": f"http://127.0.0.1:{port}"}
        gateway = HttpDexGateway(
            venues, clock or ManualClock(), expiry_seconds=30, timeout_seconds=1, swap_timeout_seconds=1
        )
        await gateway.open()
        yield gateway
        await gateway.close()


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
    async with venue_that_answers(answer) as gateway:
        for call in (gateway.execute, gateway.lookup):
            with pytest.raises(VenueUnavailable):
                await call(a_transaction(an_order(), tx_hash=HASH))


async def test_a_landed_swaps_price_is_exact() -> None:
    async with venue_that_answers(reply(LANDED)) as gateway:
        transaction = a_transaction(an_order(), tx_hash=HASH)
        assert await gateway.execute(transaction) == Fill(Decimal("147.3312"))
        report = TransactionReport(TransactionStatus.LANDED, fill=Fill(Decimal("147.3312")))
        assert await gateway.lookup(transaction) == report


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("147.331200005", "147.3312"),
        ("147.331200015", "147.33120002"),
        ("0.123456789012345678901234567890", "0.12345679"),
        ("9999999999.999999994", "9999999999.99999999"),
        ("0.000000001", "0"),
    ],
)
async def test_a_fills_price_is_rounded_to_what_is_kept_of_it(told: str, kept: str) -> None:
    async with venue_that_answers(reply(f'{{"txHash":"tx_1","status":"landed","price":"{told}"}}')) as gateway:
        assert await gateway.execute(a_transaction(an_order(), tx_hash=HASH)) == Fill(Decimal(kept))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('"reason":"slippage_exceeded"', FailureReason.SLIPPAGE_EXCEEDED),
        ('"reason":"expired"', FailureReason.EXPIRED),
        ('"reason":"cancelled"', FailureReason.INTERNAL_ERROR),
        ('"reason":null', FailureReason.INTERNAL_ERROR),
        ('"price":"1"', FailureReason.INTERNAL_ERROR),
    ],
)
async def test_a_rejection_is_one_whatever_its_reason_is_called(told: str, reason: FailureReason) -> None:
    async with venue_that_answers(reply(f'{{"txHash":"tx_1","status":"rejected",{told}}}')) as gateway:
        with pytest.raises(TransactionRejected) as caught:
            await gateway.execute(a_transaction(an_order(), tx_hash=HASH))
        assert caught.value.reason is reason


async def test_unknown_is_an_answer_to_a_question_and_nonsense_after_sending() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","status":"unknown"}')) as gateway:
        transaction = a_transaction(an_order(), tx_hash=HASH)
        assert (await gateway.lookup(transaction)).status is TransactionStatus.UNKNOWN
        with pytest.raises(VenueUnavailable):
            await gateway.execute(transaction)


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
    async with venue_that_answers(answer) as gateway:
        quotes = await gateway.quotes(an_order())
        assert quotes.quotes == ()
        assert [venue for venue, _ in quotes.refusals] == ["Meteora"]


async def test_a_quote_is_exact_and_its_unknown_fields_are_passed_over() -> None:
    async with venue_that_answers(reply('{"price":"146.91000001","fee":"0","pool":"x"}')) as gateway:
        quotes = await gateway.quotes(an_order())
        assert quotes.quotes == (Quote("Meteora", Decimal("146.91000001"), Decimal(0)),)


@pytest.mark.parametrize("tx_hash", ['""', '"a b"', '"tx\\u0000"', '"tx\\n"', "1", "null", f'"{"x" * 256}"'])
async def test_a_hash_that_cannot_be_kept_is_no_transaction(tx_hash: str) -> None:
    async with venue_that_answers(reply(f'{{"txHash":{tx_hash}}}')) as gateway:
        with pytest.raises(VenueUnavailable):
            await gateway.build(an_order(), Quote("Meteora", Decimal(1), Decimal(0)))


async def test_a_venue_that_does_not_wait_is_asked_until_the_end() -> None:
    pending = reply('{"txHash":"tx_1","status":"pending"}')
    clock = ManualClock()
    async with venue_that_answers(pending, pending, reply(LANDED), clock=clock) as gateway:
        sending = asyncio.create_task(gateway.execute(a_transaction(an_order(), tx_hash=HASH)))
        while not sending.done():
            await clock.advance(0.1)
        assert sending.result() == Fill(Decimal("147.3312"))


async def test_a_swap_that_takes_too_long_is_unknown() -> None:
    async with venue_that_answers(reply('{"txHash":"tx_1","status":"pending"}')) as gateway:
        with pytest.raises(VenueUnavailable):
            await gateway.execute(a_transaction(an_order(), tx_hash=HASH))
