"""The connection that an adapter keeps: whatever happens to it, a command gets its own answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import Script


@pytest.fixture
async def client(redis_db_url: str) -> AsyncIterator[Redis]:
    async with queue_client(redis_db_url, connections=2) as client:
        yield client


@pytest.fixture
async def connection(client: Redis) -> AsyncIterator[OwnConnection]:
    connection = OwnConnection(client)
    yield connection
    await connection.close()


async def test_commands_take_turns(connection: OwnConnection) -> None:
    texts = [str(n) for n in range(50)]
    assert await asyncio.gather(*(connection.run("ECHO", text) for text in texts)) == texts


async def test_a_command_that_was_given_up_leaves_its_answer_to_nobody(connection: OwnConnection) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.run("BLPOP", "nothing", 0)
    assert await connection.run("ECHO", "mine") == "mine"


async def test_one_that_waits_for_its_turn_can_be_given_up(connection: OwnConnection) -> None:
    blocked = asyncio.create_task(connection.run("BLPOP", "later", 0))
    await asyncio.sleep(0)  # it takes its turn
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.run("ECHO", "given up")
    blocked.cancel()
    await asyncio.wait([blocked])
    assert await connection.run("ECHO", "mine") == "mine"


async def test_an_error_is_the_commands_own(connection: OwnConnection) -> None:
    with pytest.raises(ResponseError):
        await connection.run("HGET", "too few")
    assert await connection.run("ECHO", "mine") == "mine"


async def test_a_connection_that_the_server_ended_is_made_again(connection: OwnConnection, client: Redis) -> None:
    number = await connection.run("CLIENT", "ID")
    await client.client_kill_filter(_id=number)
    await asyncio.sleep(0.05)  # the loop reads the end of the stream, which is here already
    assert await connection.run("CLIENT", "ID") != number


async def test_a_closed_connection_is_free_for_others(connection: OwnConnection, client: Redis) -> None:
    await connection.run("PING")
    await connection.close()
    await connection.close()
    others = [OwnConnection(client) for _ in range(2)]
    assert [await other.run("ECHO", "mine") for other in others] == ["mine", "mine"]
    for other in others:
        await other.close()
    assert await connection.run("ECHO", "again") == "again"


async def test_a_server_that_lost_its_scripts_gets_them_again(connection: OwnConnection, client: Redis) -> None:
    publish = Script(connection, "publish", keys.NOTHING, limit=1, after="primary")
    await publish(("updates:a\none",))
    await client.script_flush()
    async with client.pubsub() as listener:
        await listener.subscribe("updates:a")
        await listener.get_message(timeout=1)
        await publish(("updates:a\ntwo",))
        told = await listener.get_message(ignore_subscribe_messages=True, timeout=1)
    assert told is not None
    assert told["data"] == "two"
