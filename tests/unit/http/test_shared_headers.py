"""What every answer says of itself to a browser, whatever it is the answer to."""

import asyncio
from itertools import pairwise

import httpx
import pytest
from uvicorn.server import ServerState

from entrypoints.web.http.protocol import ProblemHttpProtocol
from entrypoints.web.shared_headers import HEADERS
from tests.api import ORDER, Api, running_api
from tests.builders import an_id
from tests.unit.http.recorder import Recorder
from tests.unit.http.refusal import EXECUTE
from tests.unit.http.test_protocol import GET, connected, failing
from tests.unit.http.wire import get, request, say

SHARED = {name.decode(): value.decode() for name, value in HEADERS}
CALLS = [
    ("POST", EXECUTE),
    ("GET", EXECUTE),
    ("OPTIONS", EXECUTE),
    ("GET", "/api/orders"),
    ("HEAD", "/api/orders"),
    ("GET", f"/api/orders/{an_id()}"),
    ("GET", "/api/orders?limit=x"),
    ("GET", "/api/executions"),
    ("GET", "/api/stats"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/nope"),
    ("GET", "/console/none.js"),
    ("FOO", "/"),
]
PAGES = ["/", "/orders/x", "/console/js/main.js", "/openapi.json", "/docs"]
RAW = {
    "no HTTP": b"\x16\x03\x01\r\n\r\n",
    "another host": request("GET", "/", "Host: evil.example"),
    "another version": request("GET", "/", "Host: localhost", version="2.0"),
    "a bad handshake": get("/ws/orders", "Connection: Upgrade", "Upgrade: websocket"),
    "a foreign handshake": get("/ws/orders", "Connection: Upgrade", "Upgrade: websocket", "Origin: null"),
    "no more requests": get("/", "Connection: close"),
    "HTTP/1.0": request("GET", "/api/orders", version="1.0"),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_answer_has_them(shared_api: Api, method: str, path: str) -> None:
    check(await shared_api.http.request(method, path, json=ORDER if method == "POST" else None))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", PAGES)
async def test_pages_have_a_policy_of_their_own(shared_api: Api, path: str) -> None:
    first = await shared_api.http.get(path)
    again = await shared_api.http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    for answer in (first, again):
        check(answer, {"cache-control": "no-cache", "content-security-policy": None})
        [policy] = answer.headers.get_list("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
async def test_so_has_the_answer_to_what_is_no_request(shared_api: Api, raw: bytes) -> None:
    [answer] = await say(shared_api.url, raw)
    check(
        httpx.Response(answer.status, headers=answer.headers), {"content-security-policy": None, "cache-control": None}
    )
    assert "content-security-policy" in answer.headers


async def test_so_have_answers_on_the_way_out() -> None:
    async with running_api() as api:
        api.drain.begin()
        answer = await api.http.get("/api/orders")
        assert answer.headers["Connection"] == "close"
        check(answer)


async def test_so_has_uvicorns_own_500() -> None:
    transport, state = Recorder(), ServerState()
    protocol = connected(failing, transport, state, ProblemHttpProtocol)
    protocol.data_received(GET)
    await asyncio.gather(*state.tasks)
    protocol.connection_lost(None)
    head = b"".join(transport.sent)
    assert head.startswith(b"HTTP/1.1 500 ")
    assert all(b"%b: %b\r\n" % header in head for header in HEADERS)


async def test_ids_of_requests_are_not_a_counter() -> None:
    async with running_api() as api:
        ids = [(await api.http.get("/health/live")).headers["X-Request-Id"] for _ in range(600)]
    numbers = [int(request_id, 16) for request_id in ids]
    assert {len(request_id) for request_id in ids} == {32}
    assert len({number >> 64 for number in numbers}) == len({number & (2**64 - 1) for number in numbers}) == 600
    rising = sum(low < high for low, high in pairwise(numbers))
    assert 200 < rising < 400


def check(answer: httpx.Response, but: dict[str, str | None] | None = None) -> None:
    """Check that an answer has each shared header once, with its value or that of `but`, None being any."""
    for name, value in {**SHARED, **(but or {})}.items():
        [said] = answer.headers.get_list(name)
        assert value in (None, said), name
