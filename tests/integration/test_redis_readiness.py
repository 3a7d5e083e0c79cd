"""Readiness says "redis" is well exactly when the queue can do its work there."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from adapters.redis import keys, script
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from application.ports.errors import QueueUnavailable
from entrypoints.dev.servers import LocalRedis
from tests import servers
from tests.contracts.order_queue_harness import bury, ids_of, take_one
from tests.eventually import eventually

# Whether limits can be shared is no matter of readiness: while they can't, shares stay.
SCRIPTS = sorted(path for path in (Path(script.__file__).parent / "scripts").glob("*.lua") if path.stem != "limits")
# Of the queue: all but what the feed publishes and what only operators list.
COMMANDS = {
    command
    for path in SCRIPTS
    if path.name != "publish.lua"
    for command in re.findall(r"redis\.p?call\(\s*'([A-Z]+)'", path.read_text())
} | {"XREADGROUP", "XREAD", "EVALSHA", "EVAL"}
OUR_KEYS = "~order-execution ~{order-execution}:*"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalRedis]:
    with servers.reachable_folder() as folder, LocalRedis(folder / "redis", options={"appendonly": "no"}) as server:
        yield server


@pytest.fixture
async def client(server: LocalRedis) -> AsyncIterator[Redis]:
    async with queue_client(server.url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
async def queue(client: Redis) -> AsyncIterator[RedisOrderQueue]:
    queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2, cool_off=0)
    await queue.open()
    yield queue
    await queue.close()


async def asked(client: Any, *command: str | bytes, **options: bool) -> Any:
    return await client.execute_command(*command, **options)


async def says(queue: RedisOrderQueue) -> str:
    """Return why the queue cannot work; nothing when it can."""
    try:
        await queue.ping()
    except QueueUnavailable as error:
        return str(error)
    return ""


@asynccontextmanager
async def as_user(server: LocalRedis, admin: Redis, rights: str) -> AsyncIterator[RedisOrderQueue]:
    """Give the queue as a user with these rights has it."""
    await asked(admin, "ACL SETUSER", "engine", "reset", "on", ">secret", "&*", *rights.split())
    async with queue_client(f"redis://engine:secret@127.0.0.1:{urlsplit(server.url).port}/0") as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2)
        await queue.open()
        yield queue
        await queue.close()


async def test_to_ask_changes_nothing(queue: RedisOrderQueue, client: Redis) -> None:
    assert await says(queue) == ""
    assert await client.keys("*") == []
    await queue.put(["a", "b", "c"])
    await bury(queue, await take_one(queue))
    await queue.retry_in(await take_one(queue), 30)
    await take_one(queue)
    before = {key: await asked(client, "DUMP", key, NEVER_DECODE=True) for key in await client.keys("*")}
    assert await says(queue) == ""
    assert {key: await asked(client, "DUMP", key, NEVER_DECODE=True) for key in before} == before
    assert set(await client.keys("*")) == set(before)


async def test_a_replica(queue: RedisOrderQueue, client: Redis) -> None:
    await queue.put(["a"])
    await client.replicaof("127.0.0.1", "1")
    assert "ReadOnlyError" in await says(queue)
    await client.replicaof("NO", "ONE")
    assert await says(queue) == ""


async def test_a_full_server_takes_no_new_jobs_and_lets_those_that_it_has_go_on(
    queue: RedisOrderQueue, client: Redis
) -> None:
    await queue.put(["a", "b"])
    await client.config_set("maxmemory", "1")
    try:
        assert "OutOfMemoryError" in await says(queue)
        with pytest.raises(QueueUnavailable):
            await queue.put(["c"])
        a, b = await queue.take(5, 0)
        assert list(await queue.extend([a, b])) == []
        await queue.retry_in(a, 0)
        assert ids_of([await take_one(queue)]) == ["a"]
        await queue.done(b)
    finally:
        await client.config_set("maxmemory", "0")
    assert await says(queue) == ""


async def test_too_few_replicas(queue: RedisOrderQueue, client: Redis) -> None:
    await client.config_set("min-replicas-to-write", "1")
    try:
        assert "NOREPLICAS" in await says(queue)
    finally:
        await client.config_set("min-replicas-to-write", "0")
    assert await says(queue) == ""


async def test_a_stream_at_the_end_of_its_ids(queue: RedisOrderQueue, client: Redis) -> None:
    await client.xadd(keys.STREAM, {"by": "hand"}, id="18446744073709551615-18446744073709551615")
    assert keys.STREAM in await says(queue)
    with pytest.raises(QueueUnavailable):
        await queue.put(["a"])
    await client.delete(keys.STREAM)
    assert await says(queue) == ""


async def test_a_user_who_may_do_just_this_will_do(server: LocalRedis, client: Redis) -> None:
    allowed = " ".join(f"+{command.lower()}" for command in sorted(COMMANDS | {"TYPE", "CLIENT", "SELECT"}))
    async with as_user(server, client, f"-@all {allowed} {OUR_KEYS}") as queue:
        assert await says(queue) == ""
        await queue.put(["a"])
        await queue.done(await take_one(queue))
        assert list(await queue.take(1, 0.01)) == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
async def test_a_user_who_may_not_call_a_command_of_the_scripts(
    server: LocalRedis, client: Redis, command: str
) -> None:
    async with as_user(server, client, f"+@all -{command.lower()} {OUR_KEYS}") as queue:
        if command == "EVAL":  # needed once for each script that the server does not have
            await client.script_flush()
        assert re.search("perm|can't run", (await says(queue)).lower())


@pytest.mark.parametrize("key", [keys.STREAM, *keys.TYPES, keys.PAUSED, keys.BELL, keys.CLOCK])
async def test_a_user_who_may_not_touch_a_key(server: LocalRedis, client: Redis, key: str) -> None:
    others = {keys.STREAM, *keys.TYPES, keys.PAUSED, keys.BELL, keys.CLOCK} - {key}
    async with as_user(server, client, f"+@all {' '.join(f'~{other}' for other in sorted(others))}") as queue:
        assert "perm" in (await says(queue)).lower()


async def test_a_password_that_was_changed(server: LocalRedis, client: Redis, queue: RedisOrderQueue) -> None:
    async with as_user(server, client, f"+@all {OUR_KEYS}") as other:
        assert await says(other) == ""
        await asked(client, "ACL SETUSER", "engine", "resetpass", ">another")
        await client.client_kill_filter(skipme=True, _type="normal")

        async def refused() -> bool:
            return "AuthenticationError" in await says(other)

        await eventually(refused)
        await asked(client, "ACL SETUSER", "engine", "resetpass", ">secret")
        assert await says(other) == ""
