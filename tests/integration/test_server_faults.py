"""A server that cannot be used is one sentence that says why, for every cause another; nothing secret is in it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import redis

from adapters.postgres.server_fault import postgres_fault
from adapters.redis import server_fault
from adapters.redis.server_fault import redis_fault
from tests.processes import finished, free_port

NO_HOST = "no-such-host.invalid"
SECRET = "hunter2"
PORTS = {"PORT": "0", "OPERATIONS_PORT": "0", "WORKER_HTTP_PORT": "0"}


@pytest.fixture
def user(postgres_url: str) -> Iterator[str]:
    """The URL of a user with a password, and with no rights, in the server's own database."""
    name = f"user_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
        yield with_user(postgres_url, name, SECRET)
        connection.execute(f"DROP ROLE {name}")


def with_user(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}").geturl()


@asynccontextmanager
async def listening(answer: bytes, *, patient: bool = False) -> AsyncIterator[int]:
    """Listen, and give every client this answer and, unless patient, the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        if patient:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def said_of_postgres(url: str) -> str:
    fault = await postgres_fault(url)
    assert fault
    assert SECRET not in fault.text
    return f"{fault.text}{'' if fault.certain else ' (perhaps)'}"


async def said_of_redis(url: str) -> str:
    fault = await redis_fault(url)
    assert fault
    assert SECRET not in fault.text
    return f"{fault.text}{'' if fault.certain else ' (perhaps)'}"


async def test_a_postgres_that_can_be_used(postgres_url: str) -> None:
    at = urlsplit(postgres_url)
    assert await postgres_fault(postgres_url) is None
    several = at._replace(netloc=at.netloc.replace("@", f"@127.0.0.1:{free_port()},")).geturl()
    assert await postgres_fault(several) is None
    pairs = f"host={at.hostname} port={at.port} user={at.username} password={at.password} dbname={at.path[1:]}"
    assert await postgres_fault(pairs) is None


async def test_each_cause_at_postgres_has_its_sentence(postgres_url: str, user: str) -> None:
    at = urlsplit(user)
    database = at._replace(path="/no_such_database").geturl()
    assert await said_of_postgres(database) == "names a database that the server does not have"
    refused = "names a user or a password that the server refuses"
    assert await said_of_postgres(user.replace(SECRET, f"{SECRET}x")) == refused
    assert await said_of_postgres(with_user(user, "no_such_user", SECRET)) == refused
    assert "has no password" in await said_of_postgres(user.replace(f":{SECRET}", ""))
    assert await said_of_postgres(f"{user}?sslmode=require") == "asks for TLS, and the server does not speak it"
    assert "has options that the server does not know" in await said_of_postgres(f"{user}?options=-c%20x_y%3D1")
    assert "options with values" in await said_of_postgres(f"{user}?options=-c%20work_mem%3Dx")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_others")
        connection.execute("REVOKE CONNECT ON DATABASE of_others FROM public")
    assert "may not enter" in await said_of_postgres(at._replace(path="/of_others").geturl())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE of_others")


async def test_a_postgres_that_is_not_there_is_no_certain_mistake() -> None:
    port = free_port()
    nothing = await said_of_postgres(f"postgresql://u:{SECRET}@127.0.0.1:{port}/db")
    assert nothing == "names a host and port where nothing listens (perhaps)"
    assert "host that is not known" in await said_of_postgres(f"postgresql://u:{SECRET}@{NO_HOST}/db")
    assert "a socket where nothing" in await said_of_postgres("postgresql:///db?host=/tmp/nowhere")
    async with listening(b"", patient=True) as port:
        assert "does not answer (perhaps)" in await said_of_postgres(
            f"postgresql://127.0.0.1:{port}/db?connect_timeout=2"
        )
    async with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "something else than Postgres" in await said_of_postgres(f"postgresql://127.0.0.1:{port}/db")


# asyncio leaves the socket of a TLS greeting that nobody answered to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_each_cause_at_redis_has_its_sentence(redis_db_url: str) -> None:
    at = urlsplit(redis_db_url)
    place = f"{at.hostname}:{at.port}"
    assert await redis_fault(redis_db_url) is None
    with redis.Redis.from_url(redis_db_url) as client:
        for name, rights in (("weak", "+ping"), ("strong", "+@all")):
            client.execute_command("ACL", "SETUSER", name, "on", f">{SECRET}", "~*", "&*", rights)
    assert await redis_fault(f"redis://strong:{SECRET}@{place}/0") is None
    assert (
        await said_of_redis(f"redis://weak:{SECRET}@{place}/0") == "names a user that may not do what the queue needs"
    )
    refused = "names a user or a password that the server refuses"
    assert await said_of_redis(f"redis://strong:{SECRET}x@{place}/0") == refused
    assert await said_of_redis(f"redis://nobody:{SECRET}@{place}/0") == refused
    assert "a database number" in await said_of_redis(f"redis://strong:{SECRET}@{place}/99")
    assert "asks for TLS (rediss://)" in await said_of_redis(f"rediss://strong:{SECRET}@{place}/0")
    assert "certificate file" in await said_of_redis(f"rediss://strong:{SECRET}@{place}/0?ssl_ca_certs=/nowhere")
    with redis.Redis.from_url(redis_db_url) as client:
        client.execute_command("ACL", "DELUSER", "weak", "strong")


async def test_a_redis_that_is_not_there_is_no_certain_mistake() -> None:
    nothing = await said_of_redis(f"redis://:{SECRET}@127.0.0.1:{free_port()}/0")
    assert nothing == "names a host and port, or a socket, where nothing listens (perhaps)"
    assert "host that is not known" in await said_of_redis(f"redis://:{SECRET}@{NO_HOST}/0")
    async with listening(b"", patient=True) as port:
        assert "does not answer (perhaps)" in await said_of_redis(f"redis://:{SECRET}@127.0.0.1:{port}/0")
    async with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "something else than Redis" in await said_of_redis(f"redis://:{SECRET}@127.0.0.1:{port}/0")


async def test_a_redis_that_is_too_old_is_named(redis_db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLDEST_REDIS", "OLDEST_VALKEY"):
        monkeypatch.setattr(server_fault, name, (99, 1))
    said = await said_of_redis(redis_db_url)
    assert said.startswith(("names Redis ", "names Valkey "))
    assert said.endswith(", and 99.1 is the oldest that will do")


@pytest.mark.parametrize("command", ["check-config", "migrate", "dev", "api", "worker", "orders requeue x"])
def test_commands_end_with_2_and_one_sentence(user: str, redis_db_url: str, command: str) -> None:
    no_database = urlsplit(user)._replace(path="/no_such_database").geturl()
    ended = finished(*command.split(), settings={**PORTS, "POSTGRES_URL": no_database, "REDIS_URL": redis_db_url})
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr == "ORDER_ENGINE_POSTGRES_URL names a database that the server does not have\n"
    assert ended.stdout == ""


@pytest.mark.parametrize("command", ["check-config", "api --processes 2", "worker", "queue counts"])
def test_commands_end_with_2_for_redis_too(migrated_url: str, redis_db_url: str, command: str) -> None:
    stranger = f"redis://nobody:{SECRET}@{urlsplit(redis_db_url).netloc.rpartition('@')[2]}/0"
    urls = {"POSTGRES_URL": migrated_url, "REDIS_URL": stranger}
    # The tests' role is a superuser, of which processes warn.
    ended = finished(*command.split(), settings={**PORTS, **urls, "LOG_LEVEL": "error"})
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr == "ORDER_ENGINE_REDIS_URL names a user or a password that the server refuses\n"
    assert ended.stdout == ""


def test_commands_that_do_not_wait_say_what_is_away() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        nobody = f"postgresql://u:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/db"
        for url, command, code in (
            (nobody, "migrate", 1),
            (nobody, "check-config", 2),
            (f"postgresql://u:{SECRET}@{NO_HOST}/db", "migrate", 2),
        ):
            ended = finished(command, settings={"POSTGRES_URL": url, "INSECURE": "plain-postgres"})
            assert (ended.returncode, ended.stderr.count("\n")) == (code, 1), ended.stderr
            assert "ORDER_ENGINE_POSTGRES_URL names a host" in ended.stderr
            assert SECRET not in ended.stderr
