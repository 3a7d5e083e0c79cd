"""Offers to speak another protocol are ignored: the request is one like any other, however it is framed and cut."""

from collections.abc import Callable, Iterator

import pytest

from tests.api import Api
from tests.unit.http.wire import (
    EXECUTE,
    HOST,
    JSON_TYPE,
    connect,
    get,
    next_answer,
    order_json,
    post,
    post_in_chunks,
    request,
    say,
    statuses,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
OFFERS = {
    "h2c": H2C,
    "h2c in other words": ("upgrade:H2C\t", "HTTP2-Settings: AA", "connection:  keep-alive", "CONNECTION:\tupgrade \t"),
    "TLS": ("Connection: Upgrade", "Upgrade: TLS/1.0"),
    "several": ("Connection: upgrade", "Upgrade: h2c, websocket", "Upgrade: x"),
    "a WebSocket by POST": (
        *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ),
}
Post = Callable[..., bytes]


def byte_by_byte(raw: bytes) -> list[bytes]:
    return [raw[at : at + 1] for at in range(len(raw))]


def cuts(raw: bytes) -> Iterator[list[bytes]]:
    body = raw.index(b"\r\n\r\n") + 4
    yield [raw]
    yield byte_by_byte(raw)
    yield from ([raw[:at], raw[at:]] for at in (10, body - 3, body - 1, body, body + 1, len(raw) - 1))


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("framed", [post, post_in_chunks])
async def test_an_order_that_comes_with_one_however_it_is_cut(
    shared_api: Api, offer: tuple[str, ...], framed: Post
) -> None:
    for pieces in cuts(framed(*offer)):
        [answer] = await say(shared_api.url, *pieces)
        assert answer.status == 202, (pieces, answer)


@pytest.mark.parametrize("first", [get, post, post_in_chunks])
@pytest.mark.parametrize("second", [get, post, post_in_chunks])
async def test_pipelined(shared_api: Api, first: Post, second: Post) -> None:
    def made(kind: Post, *lines: str) -> bytes:
        return kind("/health/live", *lines) if kind is get else kind(*lines)

    raw = made(first, *H2C) + made(second, *H2C) + made(second) + made(first, *H2C)
    wanted = [200 if kind is get else 202 for kind in (first, second, second, first)]
    for pieces in ([raw], byte_by_byte(raw), [raw[:300], raw[300:]]):
        assert statuses(await say(shared_api.url, *pieces, answers=4)) == wanted


@pytest.mark.parametrize("lines", [H2C, OFFERS["a WebSocket by POST"]], ids=["h2c", "WebSocket"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_never_a_request(shared_api: Api, lines: tuple[str, ...], chunked: bool) -> None:
    inner = post(userId="smuggled")
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(inner)}"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner) if chunked else inner
    for method, status in (("POST", 400), ("GET", 405)):
        raw = request(method, EXECUTE, HOST, JSON_TYPE, framing, *lines, body=body)
        for pieces in cuts(raw):
            assert statuses(await say(shared_api.url, *pieces, get(), answers=2)) == [status, 200]
    assert (await shared_api.http.get("/api/orders?userId=smuggled")).json()["data"] == []


async def test_a_websocket_handshake_with_a_body_is_none(shared_api: Api) -> None:
    lines = (*OFFERS["a WebSocket by POST"], "Content-Length: 4")
    raw = request("GET", "/ws/orders", HOST, *lines, body=b"\x89\x80ab")
    assert statuses(await say(shared_api.url, raw, get(), answers=2)) == [405, 200]


async def test_an_old_version_offers_nothing(shared_api: Api) -> None:
    raw = request("GET", "/ws/orders", HOST, *OFFERS["a WebSocket by POST"], version="1.0")
    assert statuses(await say(shared_api.url, raw)) == [405]


async def test_the_connection_goes_on_after_one(shared_api: Api) -> None:
    reader, writer = await connect(shared_api.url)
    for raw, status in ((post(*H2C), 202), (get(), 200), (post_in_chunks(*H2C), 202), (post(), 202)):
        writer.write(raw)
        answer = await next_answer(reader)
        assert answer is not None
        assert answer.status == status
    writer.close()


async def test_a_key_and_its_order_are_the_same_with_and_without_one(shared_api: Api) -> None:
    key, body = "Idempotency-Key: offered", {"userId": "offered"}
    first, again = [(await say(shared_api.url, post(key, *lines, **body)))[0] for lines in ((), H2C)]
    assert (again.status, again.body) == (202, first.body)
    assert order_json(**body) in post(**body)
