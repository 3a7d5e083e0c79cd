"""The servers of a test run are as promised: empty and own for each test, and far from UTC."""

import psycopg
import pytest
import redis


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
