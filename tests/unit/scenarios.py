"""What is run in each of the event loops, and the server's ends of its connections."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

End = TypeVar("End", bound=asyncio.Protocol)
Scenario = Callable[[], Awaitable[None]]


def ends_made(kind: type[End], monkeypatch: pytest.MonkeyPatch) -> "list[weakref.ref[End]]":
    """Return a list that gets the server's ends of all connections of a kind from now on, without keeping them."""
    made: list[weakref.ref[End]] = []
    begin = kind.connection_made

    def connection_made(self: Any, transport: Any) -> None:
        made.append(weakref.ref(self))
        begin(self, transport)

    monkeypatch.setattr(kind, "connection_made", connection_made)
    return made
