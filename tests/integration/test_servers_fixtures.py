"""The servers of a test run are as promised: empty and own for each test, and far from UTC."""

import os

import psycopg
import pytest
import redis

OLDEST_VARIABLE = "ORDER_ENGINE_TEST_OLDEST"


@pytest.mark.skipif(OLDEST_VARIABLE not in os.environ, reason="this run is not for the oldest servers")
def test_these_are_the_oldest_servers_that_will_do(postgres_url: str, redis_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.info.server_version // 10_000 in (14, 15)
    with redis.Redis.from_url(redis_url) as client:
        assert str(client.info("server")["redis_version"]).startswith("7.0.")


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_database_in_a_foreign_time_zone(database_url: str, turn: int) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("Asia/Kolkata",)
        connection.execute("CREATE TABLE only_here (turn int)")


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_redis(redis_db_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_db_url) as client:
        assert client.dbsize() == 0
        client.set("left", turn)
