"""The Redis order queue agrees with a plain model, whatever is called in whatever order."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import QueueOperations
from tests.contracts.order_queue_machine import LEASE_SECONDS, MOST_DELIVERIES, OrderQueueMachine

FEW = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.timeout(300)  # for a failure: finding the shortest story of it takes a while
def test_the_queue_agrees_with_its_model(redis_db_url: str) -> None:
    class RedisMachine(OrderQueueMachine):
        async def new_queues(self, holders: Sequence[str]) -> tuple[Sequence[OrderQueue], QueueOperations]:
            self.client = queue_client(redis_db_url)
            await self.client.flushdb()
            self.given = [
                RedisOrderQueue(
                    self.client, name, lease_seconds=LEASE_SECONDS, most_deliveries=MOST_DELIVERIES, put_limit=2
                )
                for name in holders
            ]
            for queue in self.given:
                await queue.open()
            self.operations_given = RedisQueueOperations(self.client, chunk=2)
            return self.given, self.operations_given

        async def pass_time(self, seconds: float) -> None:
            """Bring every lease's end, and every delayed job's time, nearer: the server's own clock cannot be moved."""
            for home in (keys.LEASES, keys.DELAYED):
                for order_id in await self.client.zrange(home, 0, -1):
                    await self.client.zincrby(home, -seconds * 1_000_000, str(order_id))

        async def close_queues(self) -> None:
            for queue in self.given:
                await queue.close()
            await self.operations_given.close()
            await self.client.aclose()

    run_state_machine_as_test(RedisMachine, settings=FEW)
