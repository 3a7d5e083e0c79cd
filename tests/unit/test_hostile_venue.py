"""Venues that mean harm: what they send is bounded, taken as it is, and forms no URL."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import httpx
import pytest

from adapters.http_venue.connection import MOST_HEADERS, Address
from adapters.http_venue.venue import ANSWER_BYTES, HttpVenue
from application.ports.errors import VenueContradicts, VenueUnavailable
from domain.transaction import TransactionStatus
from tests.builders import QUOTES, START, a_transaction, an_order
from tests.hostile_venue import Write, client_of, hostile_venue, reply

LANDED = '{"txHash":"tx_1","status":"landed","price":"147.33120000"}'
PENDING = '{"txHash":"tx_1","status":"pending"}'


def padded(size: int) -> bytes:
    """Return a good answer of so many bytes."""
    return (PENDING[:-1] + ',"x":"').encode().ljust(size - 2, b"x") + b'"}'


def chunked(body: bytes, size: int = 1000) -> bytes:
    parts = (body[start : start + size] for start in range(0, len(body), size))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def endless(begin: bytes, again: bytes, apart: float = 0.0) -> Write:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(apart)

    return write


OK = b"HTTP/1.1 200 OK\r\n"
TOO_MUCH: dict[str, bytes | Write] = {
    "one byte more": reply(padded(ANSWER_BYTES + 1)),
    "one byte more in chunks": chunked(padded(ANSWER_BYTES + 1)),
    "a length beyond all": OK + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n",
    "no length and no end": endless(OK + b"\r\n", b" " * 10_000),
    "chunks without end": endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n     \r\n" * 1000),
    "trailers without end": endless(
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"24\r\n" + PENDING.encode() + b"\r\n0\r\n", b"A: b\r\n" * 1000
    ),
    "a header without end": endless(OK + b"A: ", b"x" * 10_000),
    "headers without end": endless(OK, b"A: b\r\n" * 1000),
    "too many headers": reply(PENDING, "200 OK", *(f"A{n}: b" for n in range(MOST_HEADERS))),
    "hints without end": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "a status line without end": endless(b"HTTP/1.1 200 ", b"O" * 10_000),
}


@pytest.mark.parametrize("answer", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_more_than_an_answer_may_have_is_not_read(answer: bytes | Write) -> None:
    async with hostile_venue(answer) as venue, client_of(venue) as client:
        for call in (client.send, client.lookup):
            with pytest.raises(VenueUnavailable) as refused:
                await call(a_transaction(an_order(), tx_hash="tx_1"))
            assert "took too long" not in str(refused.value)


@pytest.mark.parametrize(
    "answer", [reply(padded(ANSWER_BYTES)), chunked(padded(ANSWER_BYTES))], ids=["whole", "chunks"]
)
async def test_the_largest_answer_is_one(answer: bytes) -> None:
    async with hostile_venue(answer) as venue, client_of(venue) as client:
        for _ in range(2):
            report = await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
            assert report.status is TransactionStatus.PENDING
        assert venue.connections == 1


@pytest.mark.parametrize(("pieces", "taken"), [(1000, True), (1100, False)])
async def test_an_answer_comes_in_so_many_pieces_at_most(pieces: int, taken: bool) -> None:
    async with hostile_venue(chunked(padded(pieces), 1)) as venue, client_of(venue) as client:
        call = client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
        if taken:
            assert (await call).status is TransactionStatus.PENDING
            return
        with pytest.raises(VenueUnavailable, match="too small pieces"):
            await call


@pytest.mark.parametrize("begin", [b"", OK, OK + b"Content-Length: 500\r\n\r\n"], ids=["status", "headers", "body"])
async def test_an_answer_that_drips_is_given_up_at_the_deadline(begin: bytes) -> None:
    async with hostile_venue(endless(begin, b"H", 0.02)) as venue, client_of(venue, seconds=0.5) as client:
        with pytest.raises(VenueUnavailable, match="took too long"):
            await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
async def test_an_answer_in_any_encoding_is_refused_and_not_unpacked(encoding: str) -> None:
    bomb = gzip.compress(LANDED.encode() + b" " * 50_000_000)
    async with (
        hostile_venue(reply(bomb, "200 OK", f"content-ENCODING: {encoding}")) as venue,
        client_of(venue) as client,
    ):
        with pytest.raises(VenueUnavailable, match="encoding"):
            await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
        assert "accept-encoding: identity\r\n" in venue.asked[0].lower()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent", "300 Many"])
async def test_no_redirect_is_followed(status: str) -> None:
    async with hostile_venue(reply(LANDED)) as elsewhere:
        for target in (elsewhere.url, "/Raydium/transactions/tx_1", "//127.0.0.1:1/"):
            async with hostile_venue(reply(LANDED, status, f"Location: {target}")) as venue, client_of(venue) as client:
                with pytest.raises(VenueUnavailable, match="answered 30"):
                    await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
                assert len(venue.asked) == 1
        assert not elsewhere.asked


async def test_cookies_are_not_kept() -> None:
    cookies = ("Set-Cookie: a=b; Path=/", "Set-Cookie: c=d; Domain=127.0.0.1; Max-Age=9999")
    async with hostile_venue(reply(PENDING, "200 OK", *cookies)) as venue, client_of(venue) as client:
        for _ in range(3):
            await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
        assert (len(venue.asked), venue.connections) == (3, 1)
        assert "cookie" not in "".join(venue.asked).lower()


BOMBS = {
    "deep": '{"x":' + "[" * 30_000 + "]" * 30_000 + "}",
    "deep objects": '{"x":' * 9_000 + "1" + "}" * 9_000,
    "a huge number": LANDED[:-1] + ',"x":' + "9" * 60_000 + "}",
    "not a number": LANDED[:-1] + ',"x":NaN}',
    "endless": LANDED[:-1] + ',"x":-Infinity}',
    "a name twice": LANDED[:-1] + ',"status":"landed"}',
    "a name twice below": LANDED[:-1] + ',"x":{"a":1,"a":2}}',
    "a mark": "\ufeff" + LANDED,
    "two": LANDED + LANDED,
    "a list": f"[{LANDED}]",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
async def test_what_is_no_plain_json_is_no_answer(body: str) -> None:
    async with hostile_venue(reply(body)) as venue, client_of(venue) as client:
        with pytest.raises(VenueUnavailable, match="makes no sense") as refused:
            await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
        assert not isinstance(refused.value, VenueContradicts)


AMOUNTS = '"amountOut":"1473.312","venueFee":"0"'
CONTRADICTIONS = [
    '"price":"0"',
    '"price":"-1"',
    '"price":"NaN"',
    '"price":"Infinity"',
    '"price":"1e999999"',
    '"price":"10000000000"',
    '"price":"' + "9" * 50_000 + '"',
    '"price":147.33',
    '"price":1e999999',
    '"price":"1","amountOut":"0","venueFee":"0"',
    '"price":"1","amountOut":"-1","venueFee":"0"',
    '"price":"1","amountOut":"1","venueFee":"-1"',
    '"price":"1","amountOut":"NaN","venueFee":"0"',
    '"price":"1","amountIn":"0"',
    r'"price":"1","networkFeeAsset":"\ud800"',
    '"price":"1","amountIn":"-10"',
    f'"price":"1","orderId":"another",{AMOUNTS}',
    f'"price":"1","orderId":7,{AMOUNTS}',
    f'"price":"1","attempt":2,{AMOUNTS}',
    f'"price":"1","amount":"10.00000001",{AMOUNTS}',
]


@pytest.mark.parametrize("told", CONTRADICTIONS, ids=[told[:60] for told in CONTRADICTIONS])
async def test_a_swap_that_landed_and_cannot_be_is_a_contradiction(told: str) -> None:
    async with (
        hostile_venue(reply(f'{{"txHash":"tx_1","status":"landed",{told}}}')) as venue,
        client_of(venue) as client,
    ):
        for call in (client.send, client.lookup):
            with pytest.raises(VenueContradicts):
                await call(a_transaction(an_order(), tx_hash="tx_1"))


@pytest.mark.parametrize("status", ["landed", "rejected", "pending", "unknown"])
async def test_an_answer_about_another_hash_is_a_contradiction_only_if_it_landed(status: str) -> None:
    body = LANDED.replace("tx_1", "TX_1").replace("landed", status)
    async with hostile_venue(reply(body)) as venue, client_of(venue) as client:
        with pytest.raises(VenueUnavailable, match="another transaction") as refused:
            await client.lookup(a_transaction(an_order(), tx_hash="tx_1"))
        assert isinstance(refused.value, VenueContradicts) is (status == "landed")


async def test_what_a_venue_says_of_its_own_is_taken_when_it_is_right() -> None:
    order = an_order()
    told = f'"orderId":"{order.order_id}","attempt":1,"amount":"10.0","amountIn":"9.5","inputToken":"SOL"'
    async with hostile_venue(reply(LANDED[:-1] + f",{told}}}")) as venue, client_of(venue) as client:
        report = await client.lookup(a_transaction(order, tx_hash="tx_1"))
        assert report.fill
        assert (str(report.fill.amount_in), report.pair) == ("9.5", ("SOL", None))


HASHES = [
    *("..", ".", "../Raydium/transactions/tx_1", "a/../../b", "tx/1", "tx?1", "tx#1", "tx%2f..%2fx", "%2e%2e", "\\"),
    *(
        "http://127.0.0.1:1/",
        "//x",
        "-tx",
        "<b>",
        "'",
        '\\"',
        "a b",
        "tx\\u202e",
        "tx\\u200b",
        "tx\\u2028",
        "tx\\ud800",
    ),
    *("\\u0000", "é", "", "x" * 256),
]


@pytest.mark.parametrize("tx_hash", HASHES)
async def test_a_hash_that_could_mean_something_elsewhere_is_refused_at_the_build(tx_hash: str) -> None:
    body = f'{{"txHash":"{tx_hash}","expiresAt":"2026-01-02T03:04:05Z"}}'
    async with hostile_venue(reply(body)) as venue, client_of(venue) as client:
        with pytest.raises(VenueUnavailable, match="makes no sense"):
            await client.build(an_order(), QUOTES[1])


@pytest.mark.parametrize("tx_hash", ["..", ".", "../../Raydium/x", "a/b?c#d", "http://x/", "%2e%2e", "é\u202e"])
async def test_a_hash_that_was_stored_before_stays_below_the_venues_path(tx_hash: str) -> None:
    async with hostile_venue(reply(PENDING)) as venue, client_of(venue) as client:
        for call in (client.send, client.lookup):
            with pytest.raises(VenueUnavailable):
                await call(a_transaction(an_order(), tx_hash=tx_hash))
        for head in venue.asked:
            path = head.split(" ")[1]
            assert path.startswith("/Meteora/transactions/")
            assert not set(path.removeprefix("/Meteora/transactions/")) & set("/?#")
            assert not path.endswith("/..")


async def a_list(client: HttpVenue) -> None:
    async for _ in client.received(START):
        pass


ENTRY = LANDED[:-1] + ',"orderId":"o","attempt":1,"amount":"10","receivedAt":"2026-01-02T03:04:05Z"}'
HIDING, BREAKING = (ENTRY.replace(':"o"', f':"o{text}"') for text in (r"\u202e", r"\r\n"))
OF_NOTHING = ENTRY.replace(':"10"', ':"0"')
LISTS = {
    "a hash to elsewhere": f'{{"data":[{ENTRY.replace("tx_1", "../x")}]}}',
    "an order that hides": f'{{"data":[{HIDING}]}}',
    "an order that ends the line": f'{{"data":[{BREAKING}]}}',
    "a cursor that cannot be sent": f'{{"data":[{ENTRY}],"nextCursor":"\\ud800"}}',
    "an attempt without end": f'{{"data":[{ENTRY.replace(":1,", ":" + "9" * 4000 + ",")}]}}',
    "a swap of nothing": f'{{"data":[{OF_NOTHING}]}}',
}


@pytest.mark.parametrize("body", LISTS.values(), ids=LISTS)
async def test_a_list_with_what_would_do_harm_is_no_answer(body: str) -> None:
    async with hostile_venue(reply(body)) as venue, client_of(venue) as client:
        with pytest.raises(VenueUnavailable):
            await a_list(client)


@pytest.mark.parametrize("call", ["quote", "build"])
async def test_a_quote_and_a_build_are_bounded_as_well(call: str) -> None:
    order = an_order()
    calls: dict[str, Callable[[HttpVenue], Awaitable[object]]] = {
        "quote": lambda client: client.quote(order),
        "build": lambda client: client.build(order, QUOTES[1]),
    }
    async with hostile_venue(TOO_MUCH["no length and no end"]) as venue, client_of(venue) as client:
        with pytest.raises(VenueUnavailable):
            await calls[call](client)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://venue.test", "venue.test", b"/quotes"),
        ("http://venue.test:81/a/b/", "venue.test:81", b"/a/b/quotes"),
        ("http://[::1]:81/x?y#z", "[::1]:81", b"/x/quotes"),
        ("https://venue.test:443/..", "venue.test", b"/quotes"),
    ],
)
def test_a_venue_is_asked_at_its_url_as_it_is_written(url: str, host: str, target: bytes) -> None:
    address = Address(httpx.URL(url))
    assert (address.headers["Host"], address.at("quotes").target) == (host, target)
    assert "Authorization" not in address.headers


def test_a_password_in_the_url_is_sent_as_credentials() -> None:
    headers = Address(httpx.URL("https://anna:p%40ss@venue.test")).headers
    assert (headers["Authorization"], headers["Host"]) == ("Basic YW5uYTpwQHNz", "venue.test")
