"""The marks in Redis keep the contract, go after a day, and garbage among them is passed over."""

from collections.abc import AsyncIterator

import pytest
import redis

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.write_marks import RedisWriteMarks
from application.ports.errors import QueueUnavailable
from tests.contracts.write_marks import WriteMarksContract, a_mark
from tests.processes import free_port


@pytest.fixture
async def marks(redis_db_url: str) -> AsyncIterator[RedisWriteMarks]:
    async with queue_client(redis_db_url) as client:
        marks = RedisWriteMarks(client)
        yield marks
        await marks.close()


class TestRedisWriteMarks(WriteMarksContract):
    @pytest.fixture
    def marks(self, marks: RedisWriteMarks) -> RedisWriteMarks:
        return marks


async def test_garbage_is_passed_over_and_all_go_after_a_day(marks: RedisWriteMarks, redis_db_url: str) -> None:
    await marks.leave(a_mark(1))
    with redis.Redis.from_url(redis_db_url) as client:
        for garbage in ("", "{}", "[" * 5000, '{"system":1}', b"\xff"):
            client.lpush(keys.MARKS, garbage)
        assert 86_000 < client.ttl(keys.MARKS) <= 86_400
    assert list(await marks.left()) == [a_mark(1)]


async def test_a_redis_that_is_away_is_said() -> None:
    async with queue_client(f"redis://127.0.0.1:{free_port()}") as client:
        for call in (RedisWriteMarks(client).left(), RedisWriteMarks(client).leave(a_mark(1))):
            with pytest.raises(QueueUnavailable):
                await call
