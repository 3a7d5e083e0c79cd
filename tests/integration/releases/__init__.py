"""What each release left: its tables with some orders, `<version>.sql`, and its answers on them, `<version>.jsonl`.

`python -m tests.integration.releases` writes both for the version in pyproject.toml. Once released they never change.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

FOLDER = Path(__file__).parent
# Whose orders were adopted unfinished: they stay as they are until an operator releases them.
HELD_USER = "user of a held order"


@frozen
class Call:
    """One call; with a `body` it is a POST."""

    path: str
    body: Mapping[str, object] | None = None
    key: str | None = None

    @property
    def order_id(self) -> str:
        """The one order that is read; empty for lists."""
        return self.path.partition("?")[0].removeprefix("/api/orders").removesuffix("/events").strip("/")

    async def made(self, client: httpx.AsyncClient) -> httpx.Response:
        """Make the call; return the answer."""
        if self.body is None:
            return await client.get(self.path)
        headers = {"Idempotency-Key": self.key} if self.key else {}
        return await client.post(self.path, json=self.body, headers=headers)


@frozen
class Exchange:
    """A call and the release's answer, read `as_written`."""

    call: Call
    answer: Any


@frozen
class Snapshot:
    """A release's tables and answers."""

    version: str
    sql: str
    exchanges: Sequence[Exchange]

    @property
    def reads(self) -> list[Exchange]:
        """Every order, its events, and lists of them."""
        return [exchange for exchange in self.exchanges if exchange.call.body is None]

    @property
    def repeats(self) -> list[Exchange]:
        """Requests that were made before, each with a key or a client order id."""
        return [exchange for exchange in self.exchanges if exchange.call.body is not None]

    @property
    def moving(self) -> list[dict[str, Any]]:
        """The orders that a worker takes to their end, as they were told."""
        told = [exchange.answer for exchange in self.reads if "orderId" in exchange.answer]
        return [order for order in told if order["finishedAt"] is None and order["userId"] != HELD_USER]

    @property
    def at_rest(self) -> list[Exchange]:
        """Those of the `reads` that tell of one order that no worker touches."""
        moving = {order["orderId"] for order in self.moving}
        return [exchange for exchange in self.reads if (told := exchange.call.order_id) and told not in moving]


def snapshots() -> list[Snapshot]:
    """Read the snapshots of all releases."""
    return [
        Snapshot(path.stem, path.read_text("utf-8"), _exchanges(path.with_suffix(".jsonl")))
        for path in sorted(FOLDER.glob("*.sql"))
    ]


def as_written(text: str) -> Any:
    """Read JSON with each number as its kind and digits."""
    return json.loads(text, parse_int=lambda digits: ("number", digits), parse_float=lambda digits: ("number", digits))


def keeps(new: Any, old: Any) -> bool:
    """Whether an answer says all that an older one said, and at most adds fields."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(name in new and keeps(new[name], old[name]) for name in old)
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(keeps, new, old))
    return bool(new == old)


def _exchanges(path: Path) -> list[Exchange]:
    lines = path.read_text("utf-8").splitlines()
    return [Exchange(Call(**json.loads(line)["call"]), as_written(line)["answer"]) for line in lines]
