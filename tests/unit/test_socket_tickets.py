"""Tickets: good once, for half a minute, for what they were given for."""

from itertools import count

import pytest

from adapters.memory.tickets import InMemoryTickets
from application.caller import ANYONE, Caller, Scope
from application.errors import Forbidden
from application.ports.authenticator import Grant, Unauthenticated
from application.socket_tickets import TICKET_SECONDS, SocketTickets
from tests.clock import ManualClock

READER = Grant(Caller("anna", frozenset({Scope.ORDERS_READ}), "key-1"))
PAGE = "https://desk.example"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tickets(clock: ManualClock) -> SocketTickets:
    numbers = count()
    return SocketTickets(InMemoryTickets(), clock, lambda: f"secret-{next(numbers)}")


async def test_it_stands_for_its_holder_once(tickets: SocketTickets) -> None:
    issued = await tickets.issue(READER, "/ws/orders", PAGE)
    assert await tickets.redeem(issued.text, "/ws/orders", PAGE) == READER
    with pytest.raises(Unauthenticated):
        await tickets.redeem(issued.text, "/ws/orders", PAGE)


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("/ws/orders/", PAGE),
        ("/ws/orders/4be9cd15-6bd0-4a0e-9d3f-0d2c3c0b7a11", PAGE),
        ("/WS/orders", PAGE),
        ("/ws/orders", None),
        ("/ws/orders", "https://desk.example.evil.example"),
        ("/ws/orders", "http://desk.example"),
    ],
)
async def test_it_is_used_up_by_who_takes_it_elsewhere(tickets: SocketTickets, target: str, origin: str | None) -> None:
    issued = await tickets.issue(READER, "/ws/orders", PAGE)
    for asked in ((target, origin), ("/ws/orders", PAGE)):
        with pytest.raises(Unauthenticated):
            await tickets.redeem(issued.text, *asked)


async def test_no_page_may_use_a_programs(tickets: SocketTickets) -> None:
    issued = await tickets.issue(READER, "/ws/orders", None)
    with pytest.raises(Unauthenticated):
        await tickets.redeem(issued.text, "/ws/orders", PAGE)


async def test_it_is_good_for_half_a_minute(tickets: SocketTickets, clock: ManualClock) -> None:
    first, second = [await tickets.issue(READER, "/ws/orders", None) for _ in range(2)]
    await clock.advance(TICKET_SECONDS - 0.001)
    assert await tickets.redeem(first.text, "/ws/orders", None) == READER
    await clock.advance(0.001)
    assert clock.now() == second.expires_at
    with pytest.raises(Unauthenticated):
        await tickets.redeem(second.text, "/ws/orders", None)


@pytest.mark.parametrize("text", ["", "secret-1", "\ud800", "a" * 100_000])
async def test_what_is_no_ticket_opens_nothing(tickets: SocketTickets, text: str) -> None:
    await tickets.issue(READER, "/ws/orders", None)
    with pytest.raises(Unauthenticated):
        await tickets.redeem(text, "/ws/orders", None)


async def test_who_may_not_read_orders_gets_none(tickets: SocketTickets) -> None:
    with pytest.raises(Forbidden):
        await tickets.issue(Grant(Caller("anna", frozenset(Scope) - {Scope.ORDERS_READ})), "/ws/orders", None)
    await tickets.issue(Grant(ANYONE), "/ws/orders", None)
