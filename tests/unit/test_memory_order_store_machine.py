"""The in-memory order store agrees with a plain model, whatever is called in whatever order."""

from hypothesis import settings

from adapters.memory.order_store import InMemoryOrderStore
from application.ports.order_store import OrderStore
from tests.clock import ManualClock
from tests.contracts.order_store_machine import OrderStoreMachine


class InMemoryMachine(OrderStoreMachine):
    async def new_store(self) -> OrderStore:
        return InMemoryOrderStore(ManualClock())


TestInMemoryOrderStoreMachine = InMemoryMachine.TestCase
TestInMemoryOrderStoreMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
