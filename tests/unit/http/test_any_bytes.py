"""Whatever bytes arrive, the answer is never a 5xx."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.web.app import create_app
from entrypoints.web.drain import Drain
from tests.api import ORDER, Api, Engine

_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_nearly_orders = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*ORDER, "clientOrderId", "slippageBps", "x"], _json_values)
)


def post(body: bytes, headers: dict[bytes, bytes]) -> tuple[int, dict[bytes, bytes], bytes]:
    """Post a body to an app of its own, as a server would."""
    app = create_app(Engine().services(), Drain())
    scope: dict[str, Any] = {
        **{"type": "http", "method": "POST", "path": "/api/orders/execute", "query_string": b"", "http_version": "1.1"},
        "headers": list({b"content-type": b"application/json", **headers}.items()),
    }
    events: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    asyncio.run(app(scope, receive, send))
    start, end = events
    return start["status"], dict(start["headers"]), end["body"]


def check(body: bytes, headers: dict[bytes, bytes]) -> None:
    status, answer_headers, answer = post(body, headers)
    assert status in (202, 400)
    if status == 400:
        assert answer_headers[b"content-type"] == b"application/problem+json"
        assert json.loads(answer)["code"] in ("malformed_body", "validation_failed")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_body(body: bytes) -> None:
    check(body, {})


@settings(deadline=None)
@given(_nearly_orders, st.booleans())
def test_any_json_that_looks_like_an_order(value: dict[str, object], ascii_only: bool) -> None:
    check(json.dumps({**ORDER, **value}, ensure_ascii=ascii_only).encode(errors="surrogatepass"), {})


@settings(deadline=None)
@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,30})?", fullmatch=True)
    | st.decimals(allow_nan=True, allow_infinity=True).map(str)
)
def test_any_number_as_the_amount(number: str) -> None:
    check(json.dumps({**ORDER, "amount": 0}).replace('"amount": 0', f'"amount": {number}').encode(), {})


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from([b"idempotency-key", b"x-request-id", b"content-length"]), st.binary(max_size=200))
)
def test_any_headers(headers: dict[bytes, bytes]) -> None:
    status, _, _ = post(json.dumps(ORDER).encode(), headers)
    assert status in (202, 400, 413)


RAW = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no such method": b"FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a URL without a path": b"GET http://[::1] HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes in the query": b"GET /api/orders?userId=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in the path": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes in a header": b"GET /nope HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \xff\xfe\r\n\r\n",
    "a header that does not end": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"a" * 1_000_000,
    "two lengths": b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a negative length": b"POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    "a huge length": b"POST /api/orders/execute HTTP/1.1\r\nHost: [::]\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "a bad chunk": b"POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "a bad upgrade": b"GET /ws/orders/x HTTP/1.1\r\nHost: [::1]\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "an upgrade by POST": b"POST /ws HTTP/1.1\r\nHost: [::1]\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "an upgrade with a long path": b"GET /ws/orders/" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
@pytest.mark.asyncio(loop_scope="module")
async def test_any_bytes_instead_of_a_request(shared_api: Api, raw: bytes) -> None:
    url = shared_api.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(raw)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 4")
    assert "content-type: application/problem+json" in head
    assert "x-request-id: " in head
    writer.close()
    assert (await shared_api.http.get("/health/live")).status_code == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_half_a_body_is_no_order_however_whole_it_looks(shared_api: Api) -> None:
    url, body = shared_api.http.base_url, json.dumps({**ORDER, "userId": "half"}).encode()
    for framing in (
        b"Content-Length: 999\r\n\r\n" + body,
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body),
    ):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(
            b"POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert (await shared_api.http.get("/api/orders?userId=half")).json()["data"] == []
