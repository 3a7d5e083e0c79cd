"""Fixtures of all tests: real servers, one of each for a process, and an empty place in them for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from application.observe.log import SPARED
from tests import servers

pytest.register_assert_rewrite("tests.contracts")


def pytest_report_header() -> list[str]:
    """Say which servers the integration tests use."""
    return servers.describe()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have one process more than cores, as many tests wait; one where the Redis is not ours: each test empties it."""
    return 1 if servers.REDIS_VARIABLE in os.environ else min(4, 1 + (os.cpu_count() or 1))


@pytest.fixture(autouse=True)
def _nothing_was_logged_just_now() -> None:
    """Have the first line of each kind be written in each test."""
    SPARED.clear()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The Postgres of this process. A test that kills or freezes its server starts a `LocalPostgres` of its own."""
    with servers.running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The Redis of this process. A test that kills or freezes its server starts a `LocalRedis` of its own."""
    with servers.running_redis() as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """An empty database for this test alone; sessions in it have the time zone Asia/Kolkata unless they say other."""
    with servers.empty_database(postgres_url) as url:
        yield url


@pytest.fixture
def redis_db_url(redis_url: str) -> str:
    """The Redis of this process, emptied."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return redis_url


@pytest.fixture
def server_dir() -> Iterator[Path]:
    """A folder for servers' data, or an ORDER_ENGINE_DATA_DIR: open to the account that servers drop to under root."""
    with servers.reachable_folder() as folder:
        yield folder
