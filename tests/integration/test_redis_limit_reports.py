"""The reports in Redis keep the contract, and whatever else stands there is passed over."""

from collections.abc import AsyncIterator

import pytest
import redis

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.limit_reports import RedisLimitReports
from application.ports.errors import QueueUnavailable
from tests.contracts.limit_reports import LimitReportsContract, a_report
from tests.processes import free_port

GARBAGE = ("", "x", "1", "1 ", "1 {}", "1 [", '1 {"seen":"x","limits":{}}', "99999 {}", f"1 {'[' * 5000}", b"\xff\xfe")
NUMBERS = ("1e999", "-1", "null", '"1"')


@pytest.fixture
async def reports(redis_db_url: str) -> AsyncIterator[RedisLimitReports]:
    async with queue_client(redis_db_url) as client:
        reports = RedisLimitReports(client)
        yield reports
        await reports.close()


class TestRedisLimitReports(LimitReportsContract):
    @pytest.fixture
    def reports(self, reports: RedisLimitReports) -> RedisLimitReports:
        return reports


async def test_garbage_is_passed_over_and_all_goes_by_itself(reports: RedisLimitReports, redis_db_url: str) -> None:
    await reports.exchange("a", a_report())
    with redis.Redis.from_url(redis_db_url) as client:
        for name, text in enumerate(GARBAGE):
            client.hset(keys.LIMITS, f"garbage {name}", text)
        for number in NUMBERS:
            client.hset(keys.LIMITS, number, f'1 {{"seen":1,"limits":{{"orders-user":{{"00":[{number},1]}}}}}}')
        assert 0 < client.pttl(keys.LIMITS) <= 60_000
    assert list((await reports.exchange("b", a_report())).others) == [a_report()]


@pytest.mark.parametrize("number", ["x", "-5", "9223372036854775807", "1e300"])
async def test_a_number_that_makes_no_sense_begins_anew(
    reports: RedisLimitReports, redis_db_url: str, number: str
) -> None:
    with redis.Redis.from_url(redis_db_url) as client:
        client.hset(keys.LIMITS, "#", number)
    assert [(await reports.exchange("a", a_report())).number for _ in range(2)] == [1, 2]


async def test_a_key_of_another_type_is_written_over(reports: RedisLimitReports, redis_db_url: str) -> None:
    with redis.Redis.from_url(redis_db_url) as client:
        client.set(keys.LIMITS, "x")
    assert (await reports.exchange("a", a_report())).number == 1


async def test_a_redis_that_is_away_is_said() -> None:
    async with queue_client(f"redis://127.0.0.1:{free_port()}") as client:
        with pytest.raises(QueueUnavailable):
            await RedisLimitReports(client).exchange("a", a_report())
