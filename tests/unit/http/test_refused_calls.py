"""Queries, addresses and methods that are refused."""

from collections.abc import Iterator

import pytest

from tests.api import Api
from tests.builders import an_id
from tests.unit.http.refusal import EXECUTE, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

AN_ID = an_id()
NOT_IDS = (
    *(AN_ID, "not-a-uuid", AN_ID.replace("-", ""), f"{{{AN_ID}}}", f"urn:uuid:{AN_ID}", f"{AN_ID}%20", f"{AN_ID}%00"),
    *(
        "1",
        "-" * 36,
        "%00",
        "%zz",
        "%ff%fe",
        "%20",
        "..%2e",
        "%F0%9F%98%80",
        "%D9%A1" * 32,
        "'%20OR%201=1--",
        "a" * 5000,
    ),
)


def bad_list_queries() -> Iterator[tuple[str, list[str]]]:
    for value in ("0", "201", "-1", "1.5", "ten", "", "%20", "1e1", "0x1", "%D9%A1", "9" * 5000):
        yield f"limit={value}", ["limit"]
    for value in ("done", "", "PENDING", "pending,failed", "%00", "%ff", "confirmed%20"):
        yield f"status={value}", ["status"]
    for value in ("", "%20%09", "a%00b", "%0A1x%0Ay", "u" * 256):
        yield f"userId={value}", ["userId"]
    for value in ("", "x", "%00", "%ff", "AAAA", "0" * 3000, "../../etc", "-1"):
        yield f"cursor={value}", ["cursor"]
    for name, value in (("limit", "1"), ("userId", "a"), ("cursor", "a")):
        yield f"{name}={value}&{name}={value}", [name]
    yield "limit=x&status=x&userId=&cursor=", ["cursor", "limit", "status", "userId"]


@pytest.mark.parametrize(("query", "fields"), list(bad_list_queries()), ids=lambda value: str(value)[:40])
async def test_bad_list_queries(shared_api: Api, query: str, fields: list[str]) -> None:
    await refused(shared_api, "validation_failed", "GET", f"/api/orders?{query}", fields)


@pytest.mark.parametrize("value", ["-1", "x", "", "1.0", "+1", "%2B1", "%D9%A1", "1e3", "null", "1&afterSeq=2"])
async def test_bad_after_seqs(shared_api: Api, value: str) -> None:
    order_id = await shared_api.submit()
    await refused(
        shared_api, "validation_failed", "GET", f"/api/orders/{order_id}/events?afterSeq={value}", ["afterSeq"]
    )


@pytest.mark.parametrize("order_id", NOT_IDS, ids=lambda order_id: str(order_id)[:40])
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel")])
async def test_unknown_orders(shared_api: Api, method: str, order_id: str, tail: str) -> None:
    await refused(shared_api, "order_not_found", method, f"/api/orders/{order_id}{tail}")


@pytest.mark.parametrize(
    "path",
    [
        *("/api", "/api/order", "/API/ORDERS", "/api/orders/1/2/3", "/api//orders", "/api/orders/execute/", "/health"),
        *("/health/live/", "/api/orders/a/events/", "/api/orders/a%2Fb/c", "/%00", "/%ff%zz", "/" + "a/" * 2000),
    ],
    ids=lambda path: str(path)[:40],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PURGE"])
async def test_unknown_addresses(shared_api: Api, method: str, path: str) -> None:
    await refused(shared_api, "not_found", method, path)


READ, WRITE = {"GET", "HEAD", "OPTIONS"}, {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", EXECUTE, WRITE),
        ("PUT", EXECUTE, WRITE),
        ("M-SEARCH", EXECUTE, WRITE),
        ("PROPFIND", EXECUTE, WRITE),
        ("POST", "/api/orders", READ),
        ("DELETE", "/api/orders", READ),
        ("TRACE", "/api/orders", READ),
        ("PURGE", "/api/orders", READ),
        ("PATCH", f"/api/orders/{AN_ID}", READ),
        ("POST", f"/api/orders/{AN_ID}/events", READ),
        ("GET", f"/api/orders/{AN_ID}/cancel", WRITE),
        ("POST", "/health/live", READ),
        ("GET", f"/ws/orders/{AN_ID}", {"OPTIONS"}),
    ],
)
async def test_other_methods(shared_api: Api, method: str, path: str, allowed: set[str]) -> None:
    answer = await refused(shared_api, "method_not_allowed", method, path)
    assert set(answer.headers["Allow"].split(", ")) == allowed
