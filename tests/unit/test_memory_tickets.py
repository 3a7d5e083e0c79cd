"""Tickets in memory keep the contract."""

import pytest

from adapters.memory.tickets import InMemoryTickets
from tests.contracts.tickets import TicketsBench, TicketsContract


class TestInMemoryTickets(TicketsContract):
    @pytest.fixture
    def bench(self) -> TicketsBench:
        tickets = InMemoryTickets()
        return TicketsBench(tickets, tickets)
