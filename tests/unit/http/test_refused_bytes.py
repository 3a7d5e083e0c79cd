"""Bytes that cannot be served: a problem document after all that was asked before, and then the connection's end."""

import json
import logging

import pytest

from entrypoints.web.problems import PROBLEMS
from tests.api import Api
from tests.unit.http.wire import EXECUTE, HOST, JSON_TYPE, connect, get, next_answer, order_json, post, request, say

pytestmark = pytest.mark.asyncio(loop_scope="module")

TLS_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(500)
LIVE = "/health/live"


def coded(*lines: str, version: str = "1.1") -> bytes:
    body = order_json()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return request("POST", EXECUTE, HOST, JSON_TYPE, *lines, body=chunks, version=version)


REFUSED = {
    "no version": (b"GET /health/live\r\n\r\n", "malformed_request"),
    "no version, and a Host": (b"GET /health/live\r\nHost: x\r\n", "malformed_request"),
    "HTTP/0.9": (request("GET", LIVE, HOST, version="0.9"), "malformed_request"),
    "HTTP/2.0": (request("GET", LIVE, HOST, version="2.0"), "http_version_not_supported"),
    "HTTP/3.0": (request("GET", LIVE, HOST, version="3.0"), "http_version_not_supported"),
    "HTTP/0.9 with a body": (post().replace(b"HTTP/1.1", b"HTTP/0.9"), "malformed_request"),
    "HTTP/2.0 with a body": (post().replace(b"HTTP/1.1", b"HTTP/2.0"), "http_version_not_supported"),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed_request"),
    "HTTP/1.1.1": (request("GET", LIVE, HOST, version="1.1.1"), "malformed_request"),
    "HTTP/11": (request("GET", LIVE, HOST, version="11"), "malformed_request"),
    "TLS": (TLS_HELLO, "malformed_request"),
    "zeros": (bytes(100), "malformed_request"),
    "no Host": (request("GET", LIVE), "malformed_request"),
    "no Host, with a body": (post().replace(b"Host: localhost\r\n", b""), "malformed_request"),
    "two Hosts": (get(LIVE, "Host: y"), "malformed_request"),
    "one Host twice": (get(LIVE, HOST), "malformed_request"),
    "no Host, and an offer": (request("GET", LIVE, "Connection: Upgrade", "Upgrade: h2c"), "malformed_request"),
    "no Host, and a handshake": (
        request("GET", "/ws/orders", "Connection: Upgrade", "Upgrade: websocket"),
        "malformed_request",
    ),
    "CONNECT": (request("CONNECT", "x:80", HOST), "malformed_request"),
    "gzip": (coded("Transfer-Encoding: gzip"), "not_implemented"),
    "gzip, chunked": (coded("Transfer-Encoding: gzip, chunked"), "not_implemented"),
    "gzip and chunked": (coded("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), "not_implemented"),
    "identity": (coded("Transfer-Encoding: identity"), "malformed_request"),
    "identity, chunked": (coded("Transfer-Encoding: identity, chunked"), "malformed_request"),
    "identity and chunked": (coded("Transfer-Encoding: identity", "Transfer-Encoding: chunked"), "malformed_request"),
    "chunked and identity": (coded("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), "malformed_request"),
    "gzip, identity, chunked": (coded("Transfer-Encoding: gzip, identity, chunked"), "malformed_request"),
    "nothing, chunked": (coded("Transfer-Encoding: , chunked"), "malformed_request"),
    "chunked, nothing": (coded("Transfer-Encoding: chunked,"), "malformed_request"),
    "chunked with a parameter": (coded("Transfer-Encoding: chunked;q=1"), "malformed_request"),
    "chunked in quotes": (coded('Transfer-Encoding: "chunked"'), "malformed_request"),
    "no coding": (coded("Transfer-Encoding:"), "malformed_request"),
    "gzip by HTTP/1.0": (coded("Transfer-Encoding: gzip", version="1.0"), "malformed_request"),
    "identity by HTTP/1.0": (coded("Transfer-Encoding: identity", version="1.0"), "malformed_request"),
    "xchunked": (coded("Transfer-Encoding: xchunked"), "not_implemented"),
    "chunked, gzip": (coded("Transfer-Encoding: chunked, gzip"), "malformed_request"),
    "chunked twice": (coded("Transfer-Encoding: chunked, chunked"), "malformed_request"),
    "chunked by HTTP/1.0": (coded("Transfer-Encoding: chunked", version="1.0"), "malformed_request"),
    "a header in two lines": (get(LIVE, "X-A: a", " b"), "malformed_request"),
    "a broken chunk": (coded("Transfer-Encoding: chunked").replace(b"\r\n0\r\n", b"\r\nZ\r\n"), "malformed_request"),
}


MALFORMED_HOSTS = (
    *("", " ", "a b", "a,b", "a, b", "a@b", "a:b@c", "a/", "http://a", "a?", "a#b", "a\\b", "a;b", "<a>", "a%20b"),
    *("\xe4", "*", "a:", "a:b", "a:0", "a:65536", "a:99999", "a:123456", "a:-1", "a:+80", "a:80:80", "a:8 0", "a:\xb2"),
    *(":80", "::1", "[", "[]", "[::1", "::1]", "[::1]a", "[::1]:", "[::1]:x", "[::1::2]", "[1.2.3.4]", "[::g]"),
)
REFUSED |= {f"Host: {host}": (request("GET", LIVE, f"Host: {host}"), "malformed_request") for host in MALFORMED_HOSTS}


@pytest.mark.parametrize("raw", [b"GET /health/live\r\n", b"GET /\r\nX", b"POST /api/orders/execute\r\n"])
async def test_a_request_line_without_a_version_is_refused_at_once(shared_api: Api, raw: bytes) -> None:
    for pieces in ([raw], [raw[at : at + 1] for at in range(len(raw))]):
        [answer] = await say(shared_api.url, *pieces)
        assert answer.status == 400


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LocalHost:80",
            "a-b_c.localhost.:65535",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:3000",
            "[::ffff:1.2.3.4]",
        ),
        *("[2001:DB8::1]", "\tlocalhost \t"),
    ],
)
async def test_a_host_as_it_should_be(shared_api: Api, host: str) -> None:
    assert [answer.status for answer in await say(shared_api.url, request("GET", LIVE, f"Host: {host}"))] == [200]


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_problem_and_the_end(shared_api: Api, raw: bytes, code: str, caplog: pytest.LogCaptureFixture) -> None:
    for before in (b"", get() + post()):
        reader, writer = await connect(shared_api.url)
        writer.write(before + raw)
        for status in (200, 202) if before else ():
            answer = await next_answer(reader)
            assert answer is not None
            assert answer.status == status
        refusal = await next_answer(reader)
        assert refusal is not None
        assert (refusal.status, refusal.json["code"]) == (PROBLEMS[code].status, code)
        assert refusal.headers["content-type"] == "application/problem+json"
        assert (refusal.headers["connection"], "date" in refusal.headers) == ("close", True)
        assert refusal.json["requestId"] == refusal.headers["x-request-id"]
        assert await reader.read() == b""
        writer.close()
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize("cut", [1, 20, 100])
async def test_an_order_before_what_cannot_be_read_is_answered_once(shared_api: Api, cut: int) -> None:
    raw = post(userId=f"before {cut}") + TLS_HELLO
    answers = await say(shared_api.url, raw[:cut], raw[cut:], answers=5)
    assert [answer.status for answer in answers] == [202, 400]
    stored = (await shared_api.http.get(f"/api/orders?userId=before {cut}")).json()["data"]
    assert [order["orderId"] for order in stored] == [json.loads(answers[0].body)["orderId"]]


async def test_what_is_sent_after_a_refusal_does_not_take_its_answer_away(shared_api: Api) -> None:
    reader, writer = await connect(shared_api.url)
    writer.write(coded("Transfer-Encoding: gzip"))
    answer = await next_answer(reader)
    assert answer is not None
    assert answer.status == 501
    for _ in range(50):
        writer.write(bytes(10_000) + post(userId="after a refusal"))
        await writer.drain()
    assert await reader.read() == b""
    writer.close()
    assert (await shared_api.http.get("/api/orders?userId=after a refusal")).json()["data"] == []


@pytest.mark.parametrize("version", ["1.2", "1.9"])
async def test_a_later_minor_version_is_served_as_1_1(shared_api: Api, version: str) -> None:
    raw = request("GET", LIVE, HOST, version=version) + post().replace(b"HTTP/1.1", f"HTTP/{version}".encode())
    assert [answer.status for answer in await say(shared_api.url, raw + get(), answers=3)] == [200, 202, 200]


async def test_http_1_0_needs_no_host(shared_api: Api) -> None:
    assert [answer.status for answer in await say(shared_api.url, request("GET", LIVE, version="1.0"))] == [200]


async def test_what_comes_after_a_body_is_no_header(shared_api: Api) -> None:
    body = order_json(userId="trailer")
    trailer = b"Idempotency-Key: in the trailer\r\nX-Request-Id: trailer\r\n"
    raw = request("POST", EXECUTE, HOST, JSON_TYPE, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n%s\r\n"
    answers = await say(shared_api.url, raw % (len(body), body, trailer) + get(), answers=2)
    assert [answer.status for answer in answers] == [202, 200]
    assert answers[0].headers["x-request-id"] != "trailer"


async def test_every_answer_has_a_date(shared_api: Api) -> None:
    for raw in (get(), get("/nope"), post(), get("/docs"), request("OPTIONS", EXECUTE, HOST)):
        [answer] = await say(shared_api.url, raw)
        assert answer.headers["date"].endswith(" GMT")
