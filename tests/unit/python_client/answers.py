"""Clients whose engine answers as a test says, one answer after the other."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from order_engine_client import AsyncClient, Client

URL = "http://engine.test"
Answers = httpx.Response | Exception


def accepted() -> httpx.Response:
    return httpx.Response(202, json={"orderId": "1", "status": "pending"})


def problem(status: int, code: str, retry_after: str | None = None, **more: object) -> httpx.Response:
    headers = {"Content-Type": "application/problem+json"} | ({"Retry-After": retry_after} if retry_after else {})
    return httpx.Response(
        status, content=json.dumps({"code": code, "detail": f"It is {code}", **more}), headers=headers
    )


def order_of(order_id: str = "1", **over: object) -> dict[str, Any]:
    """Return an order as the engine shows it."""
    absent = ("chosenDex", "txHash", "executionPrice", "slippageBps", "clientOrderId", "reasonCode", "finishedAt")
    told = {"userId": "anna", "inputToken": "SOL", "outputToken": "USDC", "amount": 10, "status": "pending"}
    at = "2026-01-02T03:04:05.678Z"
    rest = {"attempt": 1, "quotes": [], "logs": [], "createdAt": at, "updatedAt": at}
    return {"orderId": order_id, **told, **dict.fromkeys(absent), **rest, **over}


def client_of(*answers: Answers, url: str = URL, **options: Any) -> tuple[Client, list[httpx.Request]]:
    """Return a client whose server answers so, and what it was asked."""
    asked, answer = answering(answers)
    return Client(url, transport=httpx.MockTransport(answer), **options), asked


def async_client_of(*answers: Answers, **options: Any) -> tuple[AsyncClient, list[httpx.Request]]:
    """Return the same for asyncio."""
    asked, answer = answering(answers)
    return AsyncClient(URL, transport=httpx.MockTransport(answer), **options), asked


def answering(answers: tuple[Answers, ...]) -> tuple[list[httpx.Request], Callable[[httpx.Request], httpx.Response]]:
    """Return the list of what is asked, and who answers it."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = answers[len(asked) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    return asked, answer
