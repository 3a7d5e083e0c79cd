"""What every keeper of tickets does: one taker for each, seen by all processes, and none kept for long."""

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta

import pytest
from attrs import evolve, frozen

from application.caller import ANYONE, Caller, Scope
from application.ports.authenticator import Grant
from application.ports.tickets import TICKETS_MOST, Ticket, Tickets
from tests.builders import START

ANNA = Caller("anna", frozenset({Scope.ORDERS_READ, Scope.USERS_ANY}), "key-1")
TICKET = Ticket(
    Grant(ANNA, START + timedelta(hours=1)), "/ws/orders", "https://desk.example", START + timedelta(seconds=30)
)


def digest(number: int) -> bytes:
    return number.to_bytes(32)


@frozen
class TicketsBench:
    """Tickets, as two processes see them; there is none yet."""

    tickets: Tickets
    others: Tickets


class TicketsContract(ABC):
    """Override `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> TicketsBench: ...

    @pytest.mark.parametrize(
        "ticket",
        [
            TICKET,
            evolve(TICKET, origin=None, grant=Grant(Caller('Zoë "x"', frozenset()), None)),
            evolve(TICKET, grant=Grant(ANYONE)),
            evolve(TICKET, target=f"/ws/orders/{'a' * 64}", expires_at=START + timedelta(microseconds=1)),
        ],
        ids=["a page's", "no page's", "of no user", "of one order"],
    )
    async def test_any_process_takes_it_as_it_was_kept_once(self, bench: TicketsBench, ticket: Ticket) -> None:
        await bench.tickets.keep(digest(1), ticket, START)
        assert await bench.others.take(digest(1)) == ticket
        assert await bench.tickets.take(digest(1)) is None
        assert await bench.others.take(digest(1)) is None

    async def test_what_was_never_kept_is_not_there(self, bench: TicketsBench) -> None:
        await bench.tickets.keep(digest(1), TICKET, START)
        for other in (b"", digest(2), digest(1)[:-1], digest(1) + b"\0"):
            assert await bench.tickets.take(other) is None
        assert await bench.tickets.take(digest(1)) == TICKET

    async def test_of_twenty_takers_one_gets_it(self, bench: TicketsBench) -> None:
        await bench.tickets.keep(digest(1), TICKET, START)
        takers = (bench.tickets, bench.others) * 10
        taken = await asyncio.gather(*(tickets.take(digest(1)) for tickets in takers))
        assert sorted(ticket is not None for ticket in taken) == [False] * 19 + [True]

    async def test_what_has_expired_is_forgotten_when_the_next_is_kept(self, bench: TicketsBench) -> None:
        await bench.tickets.keep(digest(1), TICKET, START)
        other = evolve(TICKET, grant=Grant(ANYONE), expires_at=START + timedelta(seconds=60))
        await bench.tickets.keep(digest(2), other, START)
        await bench.others.keep(digest(3), other, TICKET.expires_at)
        assert [await bench.tickets.take(digest(n)) for n in (1, 2, 3)] == [None, other, other]

    async def test_a_user_has_so_many_and_the_newest_count(self, bench: TicketsBench) -> None:
        of_another = evolve(TICKET, grant=Grant(evolve(ANNA, user_id="bert")))
        await bench.tickets.keep(digest(9999), of_another, START)
        for number in range(TICKETS_MOST + 2):
            ticket = evolve(TICKET, expires_at=TICKET.expires_at + timedelta(milliseconds=number))
            await bench.tickets.keep(digest(number), ticket, START)
        taken = [await bench.tickets.take(digest(n)) for n in (0, 1, 2, TICKETS_MOST + 1, 9999)]
        assert [ticket is not None for ticket in taken] == [False, False, True, True, True]

    async def test_many_keep_and_take_at_once(self, bench: TicketsBench) -> None:
        async def one(tickets: Tickets, number: int) -> bool:
            ticket = evolve(TICKET, expires_at=START + timedelta(seconds=number % 3))
            await tickets.keep(digest(number), ticket, START + timedelta(seconds=1))
            return await tickets.take(digest(number)) is not None

        kept = await asyncio.gather(*(one((bench.tickets, bench.others)[n % 2], n) for n in range(200)))
        assert all(kept[2::3])  # those that are good for longer than all others' `now`
