"""The API process, or several on one port: HTTP and WebSockets."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import closing

import uvloop

from application import observe
from application.observe.metrics import METERS
from entrypoints.container import Container
from entrypoints.lifecycle import background, opened, prepare_process, stop_on_signals
from entrypoints.processes.line import end_with_parent, report_serving
from entrypoints.processes.shared_meters import MetersFile, SharedMeters
from entrypoints.processes.supervisor import Supervisor
from entrypoints.settings import Settings, require_urls
from entrypoints.web.http.admission import Admission
from entrypoints.web.server import ServerTimes, bind, serve, url_of

CLOSING_SECONDS = 5.0  # for what comes after the grace time: connections to servers, the interpreter


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; with `api_processes` above 1 in that many children.

    Raises StartError, CannotListen; SystemExit when a child did not end well.
    """
    require_urls(settings)
    listener = bind(settings.host, settings.port)
    if settings.api_processes > 1:
        if not asyncio.run(_run_children(settings, listener)):
            raise SystemExit(1)
        return
    prepare_process()
    uvloop.run(_run(settings, listener))


def run_child(settings: Settings, listener_fd: int, meters_fd: int, slot: int) -> None:
    """Serve on an inherited socket as one of several processes, until a signal or until the parent is gone."""
    end_with_parent(_end_seconds(settings))
    METERS.move_to(SharedMeters(meters_fd, slot))
    prepare_process()
    uvloop.run(_run(settings, socket.socket(fileno=listener_fd), report_serving))


async def _run(settings: Settings, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode="live")
    observe.process_named("api", container.holder())
    certificate = container.certificate()
    async with opened(*container.resources()):
        container.api()  # made before it is reported that it serves
        observe.process_started("api", url_of(listener, secure=certificate is not None))
        started()
        await serve_api(container, listener, stop)
    observe.process_stopped("api")


async def _run_children(settings: Settings, listener: socket.socket) -> bool:
    command = [sys.executable, "-P", "-m", "entrypoints.cli", "api-child", str(listener.fileno())]
    count, end_seconds = settings.api_processes, _end_seconds(settings)
    container = Container(settings=settings, mode="live")
    certificate = container.certificate()
    async with opened(*container.store_resources()):
        container.sign_in()  # what can never do is refused once, not by each child that is started again
    observe.process_started("api-parent", url_of(listener, secure=certificate is not None))
    with closing(MetersFile(slots=count + 1)) as meters:
        METERS.move_to(SharedMeters(meters.fd, slot=count))
        ended_well = await Supervisor(command, listener, end_seconds=end_seconds, meters=meters).run(count)
    observe.process_stopped("api-parent")
    return ended_well


def _end_seconds(settings: Settings) -> float:
    return settings.linger_seconds + settings.grace_seconds + CLOSING_SECONDS


async def serve_api(container: Container, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve the container's API, and look after its watchers, until `stop`."""
    settings = container.settings()
    # So that the first order is born at the right time, and not taken while trading is halted.
    await asyncio.gather(container.follow_clock()(), container.gate().look())
    times = ServerTimes(linger_seconds=settings.linger_seconds, grace_seconds=round(settings.grace_seconds))
    beside = [container.follow_clock().run(), container.watch().run(), container.gate().run()]
    beside.append(container.share_marks().run())
    if keys := container.key_authenticator():
        beside.append(keys.run())
    if tokens := container.jwt_authenticator():
        beside.append(tokens.run())
    if guard := container.guard():
        beside.append(guard.run())
    if share_limits := container.share_limits():
        await share_limits.exchange()  # so that nobody is given a whole limit where there are others
        beside.append(share_limits.run())
    async with background(*beside, container.stats().warn_of_id_ranges()):
        await serve(
            container.api(),
            listener,
            stop,
            drain=container.drain(),
            times=times,
            admission=Admission(settings.new_connections_per_address),
            site=container.site(),
            certificate=container.certificate(),
        )
