"""Tickets in Postgres keep the contract, over two processes' connections; and no row tells a ticket."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.tickets import PostgresTickets
from application.ports.authenticator import Grant
from application.socket_tickets import SocketTickets
from tests.clock import ManualClock
from tests.contracts.tickets import ANNA, TicketsBench, TicketsContract


@pytest.fixture
async def bench(migrated_url: str) -> AsyncIterator[TicketsBench]:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("DELETE FROM socket_tickets")  # the other tests'
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            store = PostgresOrderStore(migrated_url)
            await store.open()
            stack.push_async_callback(store.close)
            made.append(PostgresTickets(store.reads))
        yield TicketsBench(*made)


class TestPostgresTickets(TicketsContract):
    @pytest.fixture
    def bench(self, bench: TicketsBench) -> TicketsBench:
        return bench


async def test_who_reads_the_table_can_open_nothing(bench: TicketsBench, migrated_url: str) -> None:
    issued = await SocketTickets(bench.tickets, ManualClock(), lambda: "the secret").issue(
        Grant(ANNA), "/ws/orders", None
    )
    with psycopg.connect(migrated_url) as connection:
        [(digest, row)] = connection.execute("SELECT digest, t::text FROM socket_tickets AS t").fetchall()
    assert issued.text not in row
    assert issued.text.encode() not in digest


async def test_a_ticket_does_not_come_back_after_a_crash(migrated_url: str) -> None:
    """The server empties the table when it starts after one: a ticket that was used before cannot be there again."""
    with psycopg.connect(migrated_url) as connection:
        [(persistence,)] = connection.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = 'socket_tickets'"
        ).fetchall()
    assert persistence == "u"
