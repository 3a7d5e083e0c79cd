"""The web page next door: what it reaches by a name of its own, and what it may do from its own origin."""

import json

import httpx
import pytest
import websockets

from entrypoints.web.site import Site
from tests.api import ORDER, Api, running_api
from tests.builders import an_id
from tests.unit.http.refusal import EXECUTE, refused
from tests.unit.http.wire import JSON_TYPE, request, say

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVIL = "https://evil.example"
DESK = "https://desk.example"
FOREIGN = {
    "another site": {"Origin": EVIL},
    "a sandboxed page": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:9"},
    "another site, by the browser": {"Sec-Fetch-Site": "cross-site"},
    "another name of our site": {"Sec-Fetch-Site": "same-site"},
    "its own origin, and yet another site": {"Origin": "own", "Sec-Fetch-Site": "cross-site"},
    "what no browser says": {"Sec-Fetch-Site": "same-origin, cross-site"},
}
CALLS = [("POST", EXECUTE), ("POST", f"/api/orders/{an_id()}/cancel"), ("POST", "/api/orders/nope/cancel")]
HANDSHAKE = (
    *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/", "/api/orders", "/health/live", "/nope", EXECUTE])
async def test_a_name_that_is_not_ours(shared_api: Api, host: str, path: str) -> None:
    await refused(shared_api, "misdirected_request", "GET", path, headers={"Host": host})
    await refused(shared_api, "misdirected_request", "POST", path, headers={"Host": host}, json=ORDER)


async def test_a_whole_url_counts_for_more_than_the_host(shared_api: Api) -> None:
    body = json.dumps(ORDER).encode()
    lines = ("Host: localhost", JSON_TYPE, f"Content-Length: {len(body)}")
    for name in ("evil.example", "localhost@evil.example", "evil.example:80"):
        [answer] = await say(shared_api.url, request("POST", f"http://{name}{EXECUTE}", *lines, body=body))
        assert (answer.status, answer.json["code"]) == (421, "misdirected_request")
    for name in ("localhost", "127.0.0.1:3000", "[::1]:3000"):
        [answer] = await say(shared_api.url, request("GET", f"http://{name}/health/live", "Host: localhost"))
        assert answer.status == 200
    [answer] = await say(shared_api.url, request("GET", "http://localhost/health/live", "Host: evil.example"))
    assert answer.status == 421


async def test_a_socket_by_a_name_that_is_not_ours(shared_api: Api) -> None:
    for path in ("/ws/orders", f"/ws/orders/{an_id()}", EXECUTE, "/nope"):
        [answer] = await say(shared_api.url, request("GET", path, "Host: evil.example", *HANDSHAKE))
        assert (answer.status, answer.json["code"]) == (421, "misdirected_request")


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_foreign_page_changes_nothing(shared_api: Api, method: str, path: str, headers: dict[str, str]) -> None:
    said = {name: shared_api.url if value == "own" else value for name, value in headers.items()}
    await refused(shared_api, "foreign_origin", method, path, headers=said, json=ORDER)
    await refused(shared_api, "foreign_origin", method, path, headers={**said, "Content-Type": "text/plain"})


async def test_where_and_how_it_asks_is_told_first(shared_api: Api) -> None:
    foreign = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    for method, path, code in (
        ("POST", "/nope", "not_found"),
        ("POST", "/api/orders", "method_not_allowed"),
        ("DELETE", EXECUTE, "method_not_allowed"),
        ("PATCH", "/health/live", "method_not_allowed"),
    ):
        await refused(shared_api, code, method, path, headers=foreign)
    assert (await shared_api.http.get("/api/orders", headers=foreign)).status_code == 200


@pytest.mark.parametrize("said", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
async def test_own_pages_and_programs_may(shared_api: Api, said: dict[str, str]) -> None:
    for origin in ({}, {"Origin": shared_api.url}, {"Origin": shared_api.url.replace("http:", "https:")}):
        answer = await shared_api.http.post(EXECUTE, json=ORDER, headers={**said, **origin})
        assert answer.status_code == 202
        assert not cors_headers(answer)


@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:9", "app://127.0.0.1", ""])
@pytest.mark.parametrize("path", ["/ws/orders", f"/ws/orders/{an_id()}", EXECUTE, f"{EXECUTE}?orderId=x", "/", "/nope"])
async def test_a_foreign_page_opens_no_socket(shared_api: Api, origin: str, path: str) -> None:
    host = shared_api.url.removeprefix("http://")
    raw = request("GET", path, f"Host: {host}", f"Origin: {origin}", *HANDSHAKE)
    [answer] = await say(shared_api.url, raw)
    assert (answer.status, answer.json["code"]) == (403, "foreign_origin")


async def test_listed_pages_do_what_our_own_may() -> None:
    site = Site(origins=frozenset({DESK}))
    foreign = {"Origin": DESK, "Sec-Fetch-Site": "cross-site"}
    async with running_api(site=site) as api:
        answer = await api.http.post(EXECUTE, json=ORDER, headers=foreign)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (202, DESK)
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"Location", "Idempotency-Replayed", "Retry-After", "X-Request-Id", "RateLimit"} <= set(exposed)
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        async with api.connect(answer.json()["orderId"], origin=websockets.Origin(DESK)) as socket:
            assert json.loads(await socket.recv())["seq"] == 0
        missing = await api.http.get("/api/orders/nope", headers=foreign)
        assert (missing.status_code, missing.headers["Access-Control-Allow-Origin"]) == (404, DESK)
        await refused(api, "foreign_origin", "POST", EXECUTE, headers={"Origin": "null"}, json=ORDER)
        await refused(api, "foreign_origin", "POST", EXECUTE, headers={"Origin": f"{DESK}.evil.example"}, json=ORDER)


async def test_a_listed_page_may_ask_before_it_calls() -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with running_api(site=Site(origins=frozenset({DESK}))) as api:
        listed = await api.http.options(EXECUTE, headers={"Origin": DESK, **asking})
        assert listed.status_code == 200
        assert listed.headers["Access-Control-Allow-Origin"] == DESK
        assert listed.headers["Access-Control-Allow-Methods"] == "POST"
        allowed = listed.headers["Access-Control-Allow-Headers"].split(", ")
        assert {"Authorization", "Content-Type", "Idempotency-Key"} == set(allowed)
        other = await api.http.options(EXECUTE, headers={"Origin": EVIL, **asking})
        assert (cors_headers(other), other.headers["Vary"]) == ([], "Origin")


def cors_headers(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.lower().startswith("access-control-")]
