"""The whole engine in one process, for development: private servers, migrations, API and worker."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from attrs import evolve
from rich.console import Console

from entrypoints.api import serve_api
from entrypoints.container import Container
from entrypoints.dev.servers import LocalPostgres, LocalRedis
from entrypoints.lifecycle import opened, prepare_process, stop_on_signals
from entrypoints.migrate import migrate
from entrypoints.settings import Settings
from entrypoints.web.server import bind, url_of
from entrypoints.worker import work

Places = tuple[str, str]  # where Postgres and Redis are, for the person who started this

GRACE_SECONDS = 2.0  # so that Ctrl-C ends everything, the servers too, within 5 s

_DEFAULT_URL = "http://127.0.0.1:3000"  # where the command line looks by itself
_IN_MEMORY = "in memory only: all is gone at the end"
_BANNER = """\
[bold]The order execution engine is running.[/]

  Console    {url}/
  API        {url}/docs
  Postgres   {postgres}
  Redis      {redis}

Open the console in a browser, or send an order from another terminal:
  .venv/bin/order-engine submit SOL USDC 10 --user you --watch{url_option}

Ctrl-C stops everything."""


def run(settings: Settings, *, memory: bool) -> None:
    """Run until Ctrl-C or SIGTERM. Raises CannotListen, StartError."""
    prepare_process()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop runs, SIGTERM is a Ctrl-C too
    listener = bind(settings.host, settings.port)
    settings = evolve(settings, grace_seconds=min(settings.grace_seconds, GRACE_SECONDS), linger_seconds=0)
    if memory:
        uvloop.run(_run(settings, "memory", listener, (_IN_MEMORY, _IN_MEMORY)))
        return
    with _servers(settings) as (settings, places):
        asyncio.run(migrate(settings))
        uvloop.run(_run(settings, "live", listener, places))


async def _run(settings: Settings, mode: str, listener: socket.socket, places: Places) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode=mode)
    async with opened(*container.resources()), asyncio.TaskGroup() as group:
        worker_stop = asyncio.Event()
        group.create_task(work(container, worker_stop))
        _print_banner(url_of(listener), places)
        await serve_api(container, listener, stop)
        worker_stop.set()


@contextmanager
def _servers(settings: Settings) -> Iterator[tuple[Settings, Places]]:
    """Start a private server for each URL that is not set; give the settings with all URLs, and where the data is."""
    postgres, redis = settings.data_dir / "postgres", settings.data_dir / "redis"
    with (
        _private(settings.postgres_url, LocalPostgres(postgres), postgres) as (postgres_url, postgres_at),
        _private(settings.redis_url, LocalRedis(redis), redis) as (redis_url, redis_at),
    ):
        yield evolve(settings, postgres_url=postgres_url, redis_url=redis_url), (postgres_at, redis_at)


@contextmanager
def _private(url: str | None, server: LocalPostgres | LocalRedis, folder: Path) -> Iterator[tuple[str, str]]:
    if url is not None:
        yield url, "the one that its URL names"
        return
    with server:
        yield server.url, server.notice or f"private, its data in {folder}"


def _print_banner(url: str, places: Places) -> None:
    postgres, redis = places
    url_option = "" if url == _DEFAULT_URL else f" --url {url}"
    text = _BANNER.format(url=url, url_option=url_option, postgres=postgres, redis=redis)
    Console(highlight=False, soft_wrap=True).print(text)
