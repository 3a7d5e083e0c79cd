"""Request ids on every answer, and the methods HEAD and OPTIONS."""

import re

import pytest

from tests.api import Api
from tests.builders import an_id

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTE = "/api/orders/execute"


@pytest.mark.parametrize("given", ["abc", "~" * 128, "a,b", an_id()])
@pytest.mark.parametrize(
    ("path", "status"), [("/api/orders", 200), ("/api/orders/x", 404), ("/nope", 404), (EXECUTE, 405)]
)
async def test_the_clients_request_id_comes_back(shared_api: Api, given: str, path: str, status: int) -> None:
    answer = await shared_api.http.get(path, headers={"X-Request-Id": given})
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (status, given)


@pytest.mark.parametrize("given", [None, "", "a b", "~" * 129, "é", "a\tb"])
async def test_other_requests_get_a_new_id(shared_api: Api, given: str | None) -> None:
    headers = {} if given is None else {b"X-Request-Id": given.encode()}
    ids = {(await shared_api.http.get("/health/live", headers=headers)).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch(r"[!-~]{16,128}", request_id) for request_id in ids)


@pytest.mark.parametrize(
    "path", ["/api/orders", "/api/orders/{}", "/api/orders/{}/events", "/health/live", "/health/ready"]
)
async def test_head_is_get_without_its_body(shared_api: Api, path: str) -> None:
    path = path.format(await shared_api.submit())
    head, get = await shared_api.http.head(path), await shared_api.http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.content))
    assert (await shared_api.http.head("/api/orders/nope")).status_code == 404


async def test_options_tell_the_methods(shared_api: Api) -> None:
    answer = await shared_api.http.options(EXECUTE)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (200, "POST", b"")
