"""Chooses the real Postgres and Redis of the integration tests and says which; nothing is ever skipped for want of one.

In this order: the URLs in ORDER_ENGINE_TEST_POSTGRES_URL and ORDER_ENGINE_TEST_REDIS_URL, containers if a Docker
engine answers, the servers installed here, the servers in the wheels. ORDER_ENGINE_TEST_SERVERS=local or =wheel leaves
but one of the last two.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from entrypoints.dev.servers import LocalPostgres, LocalRedis
from entrypoints.dev.servers.account import Account
from entrypoints.dev.servers.binaries import Program, local_postgres, local_redis, wheel_postgres, wheel_redis

POSTGRES_VARIABLE = "ORDER_ENGINE_TEST_POSTGRES_URL"
REDIS_VARIABLE = "ORDER_ENGINE_TEST_REDIS_URL"
SOURCES_VARIABLE = "ORDER_ENGINE_TEST_SERVERS"
POSTGRES_IMAGE = "postgres:17-alpine"
REDIS_IMAGE = "redis:7-alpine"
# Half an hour off every whole zone and far from UTC: a timestamp that takes the server's local time shows at once.
TIMEZONE = "Asia/Kolkata"
# These servers live for one run: no test needs their data after a power cut.
_HASTE = {"timezone": TIMEZONE, "fsync": "off", "full_page_writes": "off", "max_connections": "200"}


def describe() -> list[str]:
    """Name the servers of this run, for pytest's header."""
    return [
        f"postgres: {_source(POSTGRES_VARIABLE, POSTGRES_IMAGE, local_postgres(), wheel_postgres())}",
        f"redis: {_source(REDIS_VARIABLE, REDIS_IMAGE, local_redis(), wheel_redis())}",
    ]


@contextmanager
def running_postgres() -> Iterator[str]:
    """Give the URL of a Postgres that runs meanwhile."""
    if given := os.environ.get(POSTGRES_VARIABLE):
        yield given
    elif _in_containers():
        with _without_warnings():
            from testcontainers.postgres import PostgresContainer

            settings = " ".join(f"-c {name}={value}" for name, value in _HASTE.items())
            container = PostgresContainer(POSTGRES_IMAGE, driver=None).with_command(settings)
            container.start()
        try:
            yield container.get_connection_url()
        finally:
            container.stop()
    else:
        with reachable_folder() as folder, _postgres(folder / "postgres") as server:
            yield server.url


@contextmanager
def running_redis() -> Iterator[str]:
    """Give the URL of a Redis that runs meanwhile."""
    if given := os.environ.get(REDIS_VARIABLE):
        yield given
    elif _in_containers():
        with _without_warnings():
            from testcontainers.redis import RedisContainer

            container = RedisContainer(REDIS_IMAGE)
            container.start()
        try:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
        finally:
            container.stop()
    else:
        with reachable_folder() as folder, LocalRedis(folder / "redis", sources=_sources()) as server:
            yield server.url


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """Give the URL of a database of its own, which is dropped afterwards, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    identifier = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        connection.execute(sql.SQL("ALTER DATABASE {} SET timezone = {}").format(identifier, TIMEZONE))
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def new_reachable_folder() -> Path:
    """Make a temporary folder that a server's account can reach too; pytest's `tmp_path` is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="order-engine-"))
    folder.chmod(0o711)
    return folder


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Give such a folder, and remove it afterwards."""
    folder = new_reachable_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@cache
def docker_answers() -> bool:
    """Say whether a Docker engine is there and answers."""
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        return False
    import docker

    try:
        docker.from_env(timeout=5).ping()
    except docker.errors.DockerException:
        return False
    return True


def _sources() -> tuple[str, ...]:
    given = os.environ.get(SOURCES_VARIABLE)
    return (given,) if given else ("local", "wheel")


def _postgres(folder: Path) -> LocalPostgres:
    return LocalPostgres(folder, options=_HASTE, sources=_sources())


def _in_containers() -> bool:
    return SOURCES_VARIABLE not in os.environ and docker_answers()


def _source(variable: str, image: str, installed: Iterator[Program], wheels: Iterator[Program]) -> str:
    if variable in os.environ:
        return f"given by {variable}"
    if _in_containers():
        return f"container of {image}"
    found = {"local": installed, "wheel": wheels}
    program = next((program for source in _sources() for program in found[source]), None)
    if program is None:
        return f"none that is {_sources()[0]}"
    version = ".".join(map(str, program.version(Account(os.geteuid(), os.getegid()))))
    return f"{version} from its wheel" if program.site else f"{version} installed here, {program.path}"


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Let testcontainers use what it has itself marked as deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
