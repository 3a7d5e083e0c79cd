"""Servers that say "not here" or "not now": the connection is given up, and what comes next looks again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from adapters.redis import keys
from adapters.redis.clients import feed_client, queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.own_connection import OwnConnection
from adapters.redis.queue_operations import RedisQueueOperations
from adapters.redis.update_feed import RedisUpdateFeed
from application.frames import Frame
from application.ports.errors import QueueUnavailable
from entrypoints.dev.servers import LocalRedis
from tests import servers
from tests.contracts.order_queue_harness import take_one
from tests.contracts.update_feed import a_frame
from tests.eventually import eventually
from tests.processes import free_port

ANSWERS = [
    "READONLY You can't write against a read only replica.",
    "ERR Error running script: @user_script:5: -READONLY You can't write against a read only replica.",
    "ASK 8000 127.0.0.1:1",
    "LOADING Redis is loading the dataset in memory",
    "CLUSTERDOWN The cluster is down",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOREPLICAS Not enough good replicas to write.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
]


class Refusing:
    """A server whose connections answer every command but those that introduce a client with one error."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answer = b"-" + self.answer.encode() + b"\r\n"
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append(await reader.readexactly(length + 2))
            writer.write(b"+OK\r\n" if words[0] == b"CLIENT\r\n" else answer)
        writer.close()


@asynccontextmanager
async def refusing(answer: str) -> AsyncIterator[tuple[Refusing, str]]:
    server = Refusing(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield server, f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}/0"


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer).split()[0])
async def test_whatever_a_server_answers_the_next_command_looks_again(answer: str) -> None:
    async with refusing(answer) as (server, url), queue_client(url) as client:
        connection = OwnConnection(client)
        each = 2 if answer.startswith("READONLY") else 1  # at once, since nothing was done
        for tries in (1, 2, 3):
            with pytest.raises(RedisError):
                await connection.run("EVALSHA", "0", 0)
            assert server.connections == tries * each
        server.connections = 0
        for tries in (1, 2):
            with pytest.raises(RedisError):
                await connection.wait("XREAD", "STREAMS", "a", "0")
            assert server.connections == tries
        server.answer = "MOVED 8000 :1"
        with pytest.raises((RedisError, OSError)):  # there is nobody
            await connection.run("EVALSHA", "0", 0)
        server.answer = answer
        with pytest.raises(RedisError):
            await connection.run("EVALSHA", "0", 0)
        assert server.connections == 3 + each
        await connection.close()


async def test_nodes_that_send_us_to_each_other_do_not_hold_us() -> None:
    async with refusing("MOVED 8000 127.0.0.1:1") as (server, url), queue_client(url) as client:
        server.answer = f"MOVED 8000 {urlsplit(url).netloc}"
        queue = RedisOrderQueue(client, "w1", lease_seconds=60)
        with pytest.raises(QueueUnavailable) as caught:
            await queue.ping()
        assert "127.0.0.1" not in str(caught.value)
        assert server.connections == 2
        await queue.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, str]]:
    """Give the URLs of two nodes; the first has all slots but the queue's."""
    with ExitStack() as stack:
        folder = stack.enter_context(servers.reachable_folder())
        nodes = [
            stack.enter_context(
                LocalRedis(
                    folder / name,
                    options={
                        "cluster-enabled": "yes",
                        "cluster-port": str(free_port()),
                        "cluster-require-full-coverage": "no",
                        "appendonly": "no",
                    },
                )
            )
            for name in ("first", "second")
        ]
        yield asyncio.run(joined(nodes[0].url, nodes[1].url))


async def asked(client: Any, *command: object) -> Any:
    return await client.execute_command(*command)


async def joined(first_url: str, second_url: str) -> tuple[str, str]:
    slot = key_slot(keys.STREAM.encode())
    password = urlsplit(first_url).password or ""
    async with (
        Redis.from_url(first_url, decode_responses=True) as first,
        Redis.from_url(second_url, decode_responses=True) as second,
    ):
        await second.config_set("requirepass", password)
        await asked(first, "CLUSTER ADDSLOTSRANGE", 0, slot - 1, slot + 1, 16383)
        await asked(second, "CLUSTER ADDSLOTS", slot)
        address = urlsplit(second_url)
        bus = (await second.config_get("cluster-port"))["cluster-port"]
        await asked(first, "CLUSTER MEET", "127.0.0.1", address.port, bus)

        async def known() -> bool:
            states = [await asked(node, "CLUSTER INFO") for node in (first, second)]
            return all((state["cluster_state"], state["cluster_slots_ok"]) == ("ok", "16384") for state in states)

        await eventually(known)
        return first_url, f"redis://:{password}@127.0.0.1:{address.port}/0"


@pytest.mark.parametrize("node", [0, 1])
async def test_a_cluster_is_followed_to_the_node_that_has_the_queue(cluster: tuple[str, str], node: int) -> None:
    got: list[Frame] = []
    async with queue_client(cluster[node]) as client, feed_client(cluster[node]) as feeding:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2)
        operations, feed = RedisQueueOperations(client), RedisUpdateFeed(feeding)
        await queue.open()
        await feed.open()
        async with feed.subscribe("a", got.append):
            await queue.ping()
            assert list(await queue.take(1, 0)) == []
            taking = asyncio.create_task(queue.take(1, 30))
            await asyncio.sleep(0.05)
            await queue.put(["a"])
            (lease,) = await taking
            await queue.retry_in(lease, 0)
            await queue.done(await take_one(queue))
            assert (await operations.counts()).waiting == 0
            feed.publish([a_frame("a")])
            await eventually(lambda: got)
        for each in (feed, queue, operations):
            await each.close()
