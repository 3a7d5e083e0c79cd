"""The API process, or several on one port: HTTP and WebSockets."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import uvloop

from application import observe
from application.observe.metrics import METERS
from entrypoints.container import Container
from entrypoints.lifecycle import background, opened, prepare_process, stop_on_signals
from entrypoints.listening import listener_of
from entrypoints.processes.line import end_with_parent, report_serving
from entrypoints.processes.shared_meters import MetersFile, SharedMeters
from entrypoints.processes.supervisor import Supervisor
from entrypoints.settings import OPERATIONS_PORT, Settings, require_urls
from entrypoints.web.http.admission import Admission
from entrypoints.web.server import CannotListen, ServerTimes, bind, serve, url_of

CLOSING_SECONDS = 5.0  # for what comes after the grace time: connections to servers, the interpreter


class Ports(NamedTuple):
    """What an API listens on: for its clients, and for its operators. Several processes share both."""

    public: socket.socket
    operations: socket.socket


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; with `api_processes` above 1 in that many children.

    Raises StartError, CannotListen; SystemExit when a child did not end well.
    """
    require_urls(settings)
    ports = bind_ports(settings)
    if settings.api_processes > 1:
        if not asyncio.run(_run_children(settings, ports)):
            raise SystemExit(1)
        return
    prepare_process()
    uvloop.run(_run(settings, ports))


def run_child(settings: Settings, listener_fd: int, operations_fd: int, meters_fd: int, slot: int) -> None:
    """Serve on inherited sockets as one of several processes, until a signal or until the parent is gone."""
    end_with_parent(_end_seconds(settings))
    METERS.move_to(SharedMeters(meters_fd, slot))
    prepare_process()
    ports = Ports(socket.socket(fileno=listener_fd), socket.socket(fileno=operations_fd))
    uvloop.run(_run(settings, ports, report_serving))


def bind_ports(settings: Settings) -> Ports:
    """Take both ports. Raises CannotListen.

    Two APIs of one machine have two ports; the operations port that nobody chose may then be another's already.
    """
    public = listener_of(settings, "port")
    try:
        return Ports(public, listener_of(settings, "operations_port", "operations_host"))
    except CannotListen as error:
        if settings.operations_port != OPERATIONS_PORT:
            public.close()
            raise
        ports = Ports(public, bind(settings.operations_host, 0))
        observe.operations_port_taken(str(error), url_of(ports.operations))
        return ports


async def _run(settings: Settings, ports: Ports, started: Callable[[], None] = lambda: None) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode="live")
    observe.process_named("api", container.holder())
    certificate = container.certificate()
    async with opened(container.tracing(), *container.resources()):
        container.api()  # made before it is reported that it serves
        observe.process_started("api", url_of(ports.public, secure=certificate is not None), url_of(ports.operations))
        started()
        await serve_api(container, ports, stop)
    observe.process_stopped("api")


async def _run_children(settings: Settings, ports: Ports) -> bool:
    command = [sys.executable, "-P", "-m", "entrypoints.cli", "api-child", *(str(port.fileno()) for port in ports)]
    count, end_seconds = settings.api_processes, _end_seconds(settings)
    container = Container(settings=settings, mode="live")
    certificate = container.certificate()
    async with opened(*container.store_resources()):
        container.sign_in()  # what can never do is refused once, not by each child that is started again
        container.tokens()
    public_url = url_of(ports.public, secure=certificate is not None)
    observe.process_started("api-parent", public_url, url_of(ports.operations))
    with closing(MetersFile(slots=count + 1)) as meters:
        METERS.move_to(SharedMeters(meters.fd, slot=count))
        ended_well = await Supervisor(command, ports, end_seconds=end_seconds, meters=meters).run(count)
    observe.process_stopped("api-parent")
    return ended_well


def _end_seconds(settings: Settings) -> float:
    return settings.linger_seconds + settings.grace_seconds + CLOSING_SECONDS


async def serve_api(container: Container, ports: Ports, stop: asyncio.Event) -> None:
    """Serve the container's API, and look after its watchers, until `stop`; operators are served to the end."""
    settings = container.settings()
    # So that the first order is born at the right time, and not taken while trading is halted.
    await asyncio.gather(container.follow_clock()(), container.gate().look())
    times = ServerTimes(linger_seconds=settings.linger_seconds, grace_seconds=round(settings.grace_seconds))
    beside = [container.follow_clock().run(), container.watch().run(), container.gate().run()]
    beside += container.share_marks().run(), container.count_orders().run()
    if keys := container.key_authenticator():
        beside.append(keys.run())
    if jwts := container.jwt_authenticator():
        beside.append(jwts.run())
    if tokens := container.token_file():
        beside.append(tokens.run())
    if guard := container.guard():
        beside.append(guard.run())
    if share_limits := container.share_limits():
        await share_limits.exchange()  # so that nobody is given a whole limit where there are others
        beside.append(share_limits.run())
    async with background(*beside, container.stats().warn_of_id_ranges()), asyncio.TaskGroup() as group:
        ended = asyncio.Event()
        group.create_task(_serve_operators(container, ports.operations, ended))
        await serve(
            container.api(),
            ports.public,
            stop,
            drain=container.drain(),
            times=times,
            admission=Admission(settings.new_connections_per_address),
            site=container.site(),
            certificate=container.certificate(),
        )
        ended.set()


async def _serve_operators(container: Container, listener: socket.socket, ended: asyncio.Event) -> None:
    admission = Admission(container.settings().new_connections_per_address)
    await serve(container.api_operations(), listener, ended, admission=admission, site=container.site())
