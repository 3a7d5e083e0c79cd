"""The worker process: executes orders, sweeps up what others left, and tells its health."""

import asyncio
import socket

import uvloop

from application import observe
from entrypoints.container import Container
from entrypoints.http.server import bind, serve, url_of
from entrypoints.lifecycle import background, opened, stop_on_signals
from entrypoints.settings import Settings, require_urls


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish or hand back what is in flight. Raises StartError, CannotListen."""
    require_urls(settings)
    uvloop.run(_run(settings, bind(settings.host, settings.worker_http_port)))


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode="live")
    async with opened(*container.resources()):
        observe.process_started("worker", url_of(listener))
        drained = asyncio.Event()
        async with background(serve(container.worker_health(), listener, drained, drain=container.drain())):
            await work(container, stop)
            drained.set()
    observe.process_stopped("worker")


async def work(container: Container, stop: asyncio.Event) -> None:
    """Execute orders and sweep until `stop`, then drain."""
    async with background(container.recover().run()):
        await container.worker().run(stop)
