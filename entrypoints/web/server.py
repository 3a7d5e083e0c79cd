"""uvicorn, set up for the engine and made to run inside an event loop that is already there."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from ssl import SSLContext
from typing import Any, Protocol, cast

import uvicorn
from attrs import frozen
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.web.drain import Drain
from entrypoints.web.http.admission import Admission
from entrypoints.web.http.protocol import ProblemHttpProtocol
from entrypoints.web.http.tls_handshake import TlsHandshake
from entrypoints.web.server_config import ServerConfig
from entrypoints.web.site import Site
from entrypoints.web.ws.protocol import BoundedWebSocketProtocol

BACKLOG = 2048
MESSAGE_BYTES = 4096
TICKS_A_SECOND = 10  # uvicorn's
TICK_MOST_SECONDS = 2.0  # a process that stood still longer did not wait for its clients meanwhile

AsgiApp = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class CannotListen(Exception):
    """The address cannot be listened on; the text is one sentence for whoever started the engine."""


@frozen
class ServerTimes:
    """How patient the server is, in seconds.

    A socket without a pong for `ping_seconds` + `pong_seconds` is closed. On its way out the server stays up but not
    ready for `linger_seconds`, so that balancers notice, and then gives open requests `grace_seconds` to end.
    A client has `request_seconds` for each request and for reading what it is sent, and may be idle between two
    requests for `idle_seconds`: longer than common balancers keep a quiet connection, so that they end it.
    """

    ping_seconds: float = 20.0
    pong_seconds: float = 20.0
    linger_seconds: float = 0.0
    grace_seconds: int = 10
    request_seconds: float = 30.0
    idle_seconds: float = 75.0


class Follows(Protocol):
    """A certificate with what to serve it, which follows its files when it is asked to, once a second."""

    context: SSLContext

    def follow(self) -> None:
        """See whether the files changed."""
        ...


def bind(host: str, port: int, named_by: Sequence[str] = ()) -> socket.socket:
    """Take the address, before anything else is started; port 0 takes any that is free.

    Clients that connect before the server runs wait. `named_by` are the variables that name another host and another
    port, for who reads why it failed. Raises CannotListen.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. asyncio sets it only on sockets of its own, and without it each answer takes 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:  # UnicodeError: no name of a host can be so
        listener.close()
        raise CannotListen(f"Cannot listen on {_address(host, port)}: {_reason(error, *named_by)}.") from error
    return listener


def url_of(listener: socket.socket, *, secure: bool = False) -> str:
    """Return the URL of a bound socket, with its real port."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if secure else 'http'}://{_address(host, port)}"


async def serve(
    app: AsgiApp,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    drain: Drain | None = None,
    times: ServerTimes | None = None,
    admission: Admission | None = None,
    http: type[HttpToolsProtocol] = ProblemHttpProtocol,
    site: Site | None = None,
    certificate: Follows | None = None,
) -> None:
    """Serve until `stop` is set, then drain and return. Installs no signal handlers. `http` reads the requests.

    Requests for another than `site` are refused. With a `certificate` it speaks TLS.

    Draining: readiness turns 503 and sockets close with 1012, then no new connections, then open requests end.
    When it is cancelled instead, all connections are cut.
    """
    times = times or ServerTimes()
    config = _config(app, site or Site(), times, http)
    server = _Server(config, times, admission or Admission(), certificate)
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(_stop_when_asked(server, stop, drain, times.linger_seconds))
        try:
            await server.serve(sockets=[listener])
        finally:
            stopping.cancel()
            server.let_go()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, times: ServerTimes, admission: Admission, certificate: "Follows | None"
    ) -> None:
        super().__init__(config)
        self._times, self._admission, self._certificate, self._looked_at = times, admission, certificate, 0.0
        config.load()
        self._http, config.http_protocol_class = config.http_protocol_class, self._begin  # type: ignore[assignment]

    async def on_tick(self, counter: int) -> bool:
        """End connections whose clients have let them wait for too long, once a second."""
        if counter % TICKS_A_SECOND == 0:
            now, before = asyncio.get_running_loop().time(), self._looked_at
            self._looked_at = now
            passed = min(now - before, TICK_MOST_SECONDS)
            self._admission.look(self.server_state.connections)
            if self._certificate is not None:
                self._certificate.follow()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, ProblemHttpProtocol | TlsHandshake):
                    connection.end_if_late(passed, self._times.request_seconds, self._times.idle_seconds)
        return await super().on_tick(counter)

    def _begin(self, **given: Any) -> asyncio.Protocol:
        """Make the server's end of a new connection, or what ends it if there is no room."""
        if self._admission.is_full(len(self.server_state.connections)):
            return _Refused()
        make = partial(self._http, **given)
        if self._certificate is None:
            return make()
        return TlsHandshake(make, self._certificate.context, self.server_state.connections)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever owns the process."""
        yield

    def let_go(self) -> None:
        """Cut what is still open: nothing, unless the server was cancelled."""
        for server in self.servers:
            server.close()
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


async def _stop_when_asked(server: uvicorn.Server, stop: asyncio.Event, drain: Drain | None, linger: float) -> None:
    await stop.wait()
    if drain is not None:
        drain.begin()
        await asyncio.sleep(linger)
        await drain.close_sockets()
    server.should_exit = True


def _config(app: AsgiApp, site: Site, times: ServerTimes, http: type[HttpToolsProtocol]) -> ServerConfig:
    return ServerConfig(
        app,
        site,
        interface="asgi3",
        http=http,
        ws=BoundedWebSocketProtocol,
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=times.ping_seconds,
        ws_ping_timeout=times.pong_seconds,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="warning",  # on info it writes every socket's path and query
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=times.grace_seconds,
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: Exception, host: str = "", port: str = "") -> str:
    """Say why it failed, and which of these variables to change."""
    another_host, another_port = (f" ({name} names another)" if name else "" for name in (host, port))
    if isinstance(error, OverflowError):
        return f"ports go from 0 to 65535{another_port}"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"another program is already using this port{another_port}"
        case errno.EACCES:
            return f"this port needs more rights than the engine has{another_port}"
        case errno.EADDRNOTAVAIL:
            return f"this machine does not have that address{another_host}"
    return f"that is not an address of this machine{another_host}"
