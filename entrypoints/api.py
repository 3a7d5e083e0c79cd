"""The API process: HTTP and WebSockets."""

import asyncio
import socket

import uvloop

from application import observe
from entrypoints.container import Container
from entrypoints.http.server import ServerTimes, bind, serve, url_of
from entrypoints.lifecycle import allow_many_files, background, opened, stop_on_signals
from entrypoints.settings import Settings, require_urls


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises StartError, CannotListen."""
    require_urls(settings)
    allow_many_files()
    uvloop.run(_run(settings, bind(settings.host, settings.port)))


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode="live")
    async with opened(*container.resources()):
        observe.process_started("api", url_of(listener))
        await serve_api(container, listener, stop)
    observe.process_stopped("api")


async def serve_api(container: Container, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve the container's API, and look after its watchers, until `stop`."""
    settings = container.settings()
    times = ServerTimes(linger_seconds=settings.linger_seconds, grace_seconds=round(settings.grace_seconds))
    async with background(container.watch().run()):
        await serve(container.api(), listener, stop, drain=container.drain(), times=times)
