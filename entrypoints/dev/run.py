"""The whole engine in one process, for development: private servers, migrations, API and worker."""

import asyncio
import signal
from collections.abc import Collection, Mapping
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import uvloop
from attrs import evolve
from rich.console import Console

from domain.routing import RoutingPolicy
from entrypoints.api import Ports, bind_ports, serve_api
from entrypoints.container import Container
from entrypoints.container.webhooks import KEY_VARIABLE
from entrypoints.dev.keeping import keep_running
from entrypoints.dev.servers import LocalPostgres, LocalRedis, LocalServer, LocalServerError
from entrypoints.lifecycle import background, opened, prepare_process, stop_on_signals
from entrypoints.migrate import migrate
from entrypoints.secret_file import make_secret
from entrypoints.settings import Settings
from entrypoints.web.server import url_of
from entrypoints.worker import work

if TYPE_CHECKING:
    from entrypoints.dev.solana import LocalChain

Places = Mapping[str, str]  # what runs where, for the person who started this

GRACE_SECONDS = 2.0  # so that Ctrl-C ends everything, the servers too, within 5 s

_POSTGRES, _REDIS = "Postgres", "Redis"
_DEFAULT_URL = "http://127.0.0.1:3000"  # where the command line looks by itself
_IN_MEMORY = "in memory only: all is gone at the end"
_TITLE = "The order execution engine is running."
_BANNER = """
  Console    {url}/
  API        {url}/docs
  Operations {operations_url}/metrics
  Routing    {policy.routing.policy}: {policy.rule}
{places}

Open the console in a browser, or send an order from another terminal:
  .venv/bin/order-engine submit SOL USDC 10 --user you --watch{url_option}

Ctrl-C stops everything."""


def run(settings: Settings, *, memory: bool, solana: bool = False) -> None:
    """Run until Ctrl-C or SIGTERM; with `solana` on a chain that runs here too. Raises CannotListen, StartError."""
    prepare_process()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop runs, SIGTERM is a Ctrl-C too
    ports = bind_ports(settings)
    settings = evolve(settings, grace_seconds=min(settings.grace_seconds, GRACE_SECONDS), linger_seconds=0)
    with ExitStack() as stack:
        chain = _chain(settings, stack, memory=memory) if solana else None
        settings = chain.settings if chain else settings
        if memory:
            places: Places = dict.fromkeys((_POSTGRES, _REDIS), _IN_MEMORY)
            uvloop.run(_run(settings, "memory", ports, places, (), chain))
            return
        settings, places, servers = _servers(settings, stack)
        asyncio.run(migrate(settings))
        uvloop.run(_run(settings, "live", ports, places, servers, chain))


async def _run(
    settings: Settings,
    mode: str,
    ports: Ports,
    places: Places,
    servers: Collection[LocalServer],
    chain: "LocalChain | None",
) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode=mode)
    certificate = container.certificate()
    container.sign_in()  # what can never do ends the start before anything runs
    container.tokens()
    troubles: list[LocalServerError] = []
    async with (
        opened(container.tracing(), container.signing(), *container.resources()),
        chain.running() if chain else nullcontext(),
        asyncio.TaskGroup() as group,
        background(_keep(servers, troubles, stop)),
    ):
        worker_stop = asyncio.Event()
        group.create_task(work(container, worker_stop))
        public_url = url_of(ports.public, secure=certificate is not None)
        everything = {**places, **(chain.places if chain else {})}
        _print_banner(public_url, url_of(ports.operations), container.policy(), everything)
        await serve_api(container, ports, stop)
        worker_stop.set()
    if troubles:
        raise troubles[0]


async def _keep(servers: Collection[LocalServer], troubles: list[LocalServerError], stop: asyncio.Event) -> None:
    """Keep the servers running; one that cannot be is noted, and ends the engine."""
    try:
        await keep_running(servers)
    except* LocalServerError as group:
        troubles.extend(error for error in group.exceptions if isinstance(error, LocalServerError))
        stop.set()


def _servers(settings: Settings, stack: ExitStack) -> tuple[Settings, Places, list[LocalServer]]:
    """Start a private server for each URL that is not set; return the settings with all URLs, and where the data is."""
    private: list[LocalServer] = []
    postgres_at = redis_at = "the one that its URL names"
    if settings.postgres_url is None:
        postgres = stack.enter_context(LocalPostgres(settings.data_dir / "postgres"))
        private.append(postgres)
        postgres_at, settings = _place(postgres), evolve(settings, postgres_url=postgres.engine_url())
        if settings.webhooks_key_file is None:  # of a database that others use it is for its keeper to choose
            settings = evolve(settings, webhooks_key_file=settings.data_dir / "webhooks.key")
            make_secret(settings.data_dir / "webhooks.key", KEY_VARIABLE)
    if settings.redis_url is None:
        private.append(stack.enter_context(LocalRedis(settings.data_dir / "redis")))
        redis_at, settings = _place(private[-1]), evolve(settings, redis_url=private[-1].url)
    return settings, {_POSTGRES: postgres_at, _REDIS: redis_at}, private


def _chain(settings: Settings, stack: ExitStack, *, memory: bool) -> "LocalChain":
    """Take a port and a folder for the simulated chain, which in memory is gone at the end."""
    from entrypoints.dev.solana import LocalChain  # only for those who ask for it: it takes its time

    folder = Path(stack.enter_context(TemporaryDirectory())) if memory else settings.data_dir / "solana"
    return LocalChain.of(settings, folder)


def _place(server: LocalServer) -> str:
    return server.notice or f"private, its data in {server.folder}"


def _print_banner(url: str, operations_url: str, policy: RoutingPolicy, places: Places) -> None:
    rows = "\n".join(f"  {name:<10} {place}" for name, place in places.items())
    url_option = "" if url == _DEFAULT_URL else f" --url {url}"
    text = _BANNER.format(url=url, operations_url=operations_url, policy=policy, url_option=url_option, places=rows)
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)  # folders may have any name
    with suppress(OSError):  # the engine runs, whoever hears of it; the exit code will say that nobody did
        console.print(_TITLE, style="bold")
        console.print(text)
