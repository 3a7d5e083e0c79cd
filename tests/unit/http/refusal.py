"""What every refusal has in common, checked in one place."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from entrypoints.web.problems import PROBLEMS
from tests.api import ORDER, Api

EXECUTE = "/api/orders/execute"
JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(ORDER).encode()
MEMBERS = ["type", "title", "status", "detail", "instance", "code", "requestId", "error"]


async def refused(
    api: Api, code: str, method: str, path: str, fields: Sequence[str] = (), **call: Any
) -> httpx.Response:
    """Make a call; check that it is refused with all that a problem document has, and that nothing is stored."""
    stored = await api.engine.stored()
    answer = await api.http.request(method, path, **call)
    kind, problem = PROBLEMS[code], answer.json()
    assert (answer.status_code, problem["code"]) == (kind.status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(problem)[:8] == MEMBERS
    assert (problem["status"], problem["title"]) == (kind.status, kind.title)
    assert problem["type"].endswith(f":{code}")
    assert problem["detail"] == problem["error"] != ""
    assert problem["instance"].startswith("/")
    assert problem["requestId"] == answer.headers["X-Request-Id"]
    errors = problem.get("errors", [])
    assert sorted(error["field"] for error in errors) == sorted(fields)
    assert all(error["message"] for error in errors)
    assert await api.engine.stored() == stored
    return answer


def without(*names: str) -> dict[str, object]:
    """Return a good order less some fields."""
    return {name: value for name, value in ORDER.items() if name not in names}


def amounting_to(amount: str) -> bytes:
    """Return an order's JSON with its amount written just so."""
    return json.dumps(without("amount"))[:-1].encode() + f', "amount": {amount}}}'.encode()


def with_more(text: str) -> bytes:
    """Return an order's JSON with more text before its last brace."""
    return GOOD[:-1] + f", {text}}}".encode()
