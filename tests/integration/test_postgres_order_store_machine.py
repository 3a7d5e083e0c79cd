"""The Postgres order store agrees with a plain model, whatever is called in whatever order."""

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.postgres.order_store import PostgresOrderStore
from application.ports.order_store import OrderStore
from tests.contracts.order_store_machine import OrderStoreMachine

FEW = settings(max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_store_agrees_with_its_model(migrated_url: str) -> None:
    class PostgresMachine(OrderStoreMachine):
        async def new_store(self) -> OrderStore:
            with psycopg.connect(migrated_url, autocommit=True) as connection:
                connection.execute("TRUNCATE orders, order_events, idempotency_keys, executions, transaction_payloads")
            self.postgres = PostgresOrderStore(migrated_url, stretch=3)  # pages are short
            await self.postgres.open()
            return self.postgres

        async def close_store(self) -> None:
            await self.postgres.close()

    run_state_machine_as_test(PostgresMachine, settings=FEW)
