"""Each process has a user of its own in Redis: it does its work with it, and nothing else (ops/redis/users.acl)."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from entrypoints.dev.servers import LocalRedis
from tests.clients import Follower, all_final, new_engine, submit
from tests.processes import finished, running

USERS = (Path(__file__).parents[2] / "ops" / "redis" / "users.acl").read_text()
PROCESSES = ("api", "worker", "operator")
# Whoever looks after the server; the file as it is has nobody who may do everything.
ADMIN = "user default on >{password} ~* &* +@all"


@pytest.fixture
def server(server_dir: Path) -> Iterator[LocalRedis]:
    file, folder = server_dir / "users.acl", server_dir / "redis"
    with LocalRedis(folder):
        password = (folder / "password").read_text()
    file.write_text(USERS.replace("user default off", ADMIN.format(password=password)))
    file.chmod(0o644)
    with LocalRedis(folder, options={"aclfile": str(file)}) as redis:
        yield redis


def url_of(server: LocalRedis, process: str) -> str:
    place = urlsplit(server.url).netloc.rpartition("@")[2]
    return f"redis://order_engine_{process}:CHANGE-ME-{process.upper()}@{place}/0"


def test_nobody_comes_in_without_a_name_of_ours() -> None:
    lines = [line.split() for line in USERS.splitlines()]
    assert [line[:3] for line in lines] == [
        ["user", "default", "off"],
        *(["user", f"order_engine_{process}", "on"] for process in PROCESSES),
    ]
    for line in lines[1:]:
        assert not {"nopass", "+@all", "allcommands", "allkeys", "allchannels", "~*", "&*"} & set(line)


def test_each_process_does_all_of_its_work_with_its_own_user(
    server: LocalRedis, database_url: str, tmp_path: Path
) -> None:
    shared = new_engine(database_url, server.url) | {"MOCK_FAILURE_RATE": "0.3", "RETRY_BASE_MS": "50"}
    of_api, of_worker, of_operator = ({**shared, "REDIS_URL": url_of(server, process)} for process in PROCESSES)
    with (
        (tmp_path / "log").open("w") as log,
        running("api", settings=of_api, stderr=log) as api,
        running("worker", settings=of_worker, stderr=log),
    ):
        asyncio.run(trade(api.url))
        assert finished("queue", "pause", settings=of_operator).returncode == 0
        asyncio.run(failed_by_operator(api.url, of_operator))
        asyncio.run(decided_by_api(api.url, shared))
        assert finished("queue", "resume", settings=of_operator).returncode == 0
        assert finished("queue", "dead", settings=of_operator).returncode == 0
    said = (tmp_path / "log").read_text().splitlines()
    assert [line for line in said if "NOPERM" in line or "NoPermission" in line or "queue_away" in line] == []
    with Redis.from_url(server.url, decode_responses=True) as admin:
        refused = {entry["object"] for entry in admin.acl_log()}
        assert refused <= {"client|setinfo"}  # which the driver can do without, and Redis 7.0 does not have


async def trade(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        order_ids = await submit(client, 40)
        follower = Follower([url], order_ids[0])
        await asyncio.wait_for(follower.follow(), 20)
        await all_final(client, order_ids)
        assert (await client.get("/api/stats")).status_code == 200


async def failed_by_operator(url: str, of_operator: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        [order_id] = await submit(client, 1)
        for command in (("orders", "requeue", order_id), ("orders", "fail", order_id)):
            ended = await asyncio.to_thread(finished, *command, settings=of_operator)
            assert (ended.returncode, ended.stderr) == (0, ""), command
        assert (await all_final(client, [order_id]))[0]["status"] == "failed"


async def decided_by_api(url: str, shared: dict[str, str]) -> None:
    """Have the API queue an order again, revive its dead letter, and drop that with the order's end."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        [order_id] = await submit(client, 1)
        at = f"/api/orders/{order_id}"
        with Redis.from_url(shared["REDIS_URL"], decode_responses=True) as admin:
            assert (await client.post(f"{at}/requeue")).status_code == 202
            for _ in range(2):
                assert admin.hset("{order-execution}:jobs", order_id, "b 10 - 10 why") == 0
                admin.zadd("{order-execution}:buried", {order_id: 1})
                assert (await client.post(f"{at}/requeue")).json()["code"] == "order_is_dead_letter"
                assert (await client.post(f"{at}/revive")).status_code == 202
            admin.hset("{order-execution}:jobs", order_id, "b 10 - 10 why")
            ended = await client.post(f"{at}/fail")
            assert (ended.status_code, ended.json()["status"]) == (202, "failed")
            assert not admin.hexists("{order-execution}:jobs", order_id)


FOR_NOBODY: list[tuple[str, ...]] = [
    ("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("SCAN", "0"), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("SHUTDOWN",),
    ("SCRIPT", "FLUSH"), ("CLIENT", "LIST"), ("MONITOR",), ("REPLICAOF", "NO", "ONE"),
    ("GET", "somebody-elses"), ("DEL", "somebody-elses"), ("HSET", "somebody-elses", "a", "b"),
    ("PUBLISH", "somebody-elses", "x"), ("EVAL", "return redis.call('FLUSHALL')", "0"),
    ("EVAL", "return redis.call('DEL', 'somebody-elses')", "0"), ("MODULE", "LIST"), ("SAVE",),
]  # fmt: skip
REFUSED: dict[str, list[tuple[str, ...]]] = {
    "api": [
        ("SET", "{order-execution}:paused", "1"), ("DEL", "order-execution"), ("DEL", "{order-execution}:jobs"),
        ("EVAL", "return redis.call('DEL', KEYS[1])", "1", "{order-execution}:jobs"),
        ("XREADGROUP", "GROUP", "workers", "me", "STREAMS", "order-execution", ">"),
        ("XGROUP", "DESTROY", "order-execution", "workers"), ("XREAD", "STREAMS", "order-execution", "0"),
        ("SUBSCRIBE", "somebody-elses"), ("PSUBSCRIBE", "*"),
    ],
    "worker": [("SUBSCRIBE", "updates:x"), ("PSUBSCRIBE", "updates:*")],
    "operator": [("SUBSCRIBE", "updates:x"), ("XGROUP", "DESTROY", "order-execution", "workers")],
}  # fmt: skip


@pytest.mark.parametrize("process", PROCESSES)
def test_what_a_user_must_not_do_is_refused(server: LocalRedis, process: str) -> None:
    done = []
    for command in [*FOR_NOBODY, *REFUSED[process]]:
        with Redis.from_url(url_of(server, process)) as client:
            try:
                client.execute_command(*command)
            except NoPermissionError:
                continue
            except ResponseError as error:  # a script's own words for the same
                if re.search("can't (run this command|access)", str(error)):
                    continue
                raise
        done.append(command)
    assert done == []


def test_a_wrong_password_is_no_users(server: LocalRedis) -> None:
    with (
        Redis.from_url(url_of(server, "api").replace("CHANGE-ME", "other")) as client,
        pytest.raises(AuthenticationError),
    ):
        client.ping()
