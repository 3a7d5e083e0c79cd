"""One connection to a venue: HTTP/1.1 below what would keep cookies, follow redirects or unpack an answer."""

import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from math import inf
from typing import Any, cast

import httpcore
import httpx
from attrs import field, frozen

from application.ports.errors import VenueUnavailable

HEAD_BYTES = 16 * 1024
MOST_HEADERS = 100
# What a chunked body may have beside its bytes: sizes and trailers.
CHUNKING_BYTES = 4 * 1024
# The pieces of the largest body have so many bytes on average: each costs as much as a thousand of them.
PART_BYTES = 64
SocketOptions = Sequence[tuple[int, int, int]]
# What a connection, or the other end of it, can come to.
FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
_TOO_MUCH = "answered more than is taken"


@frozen
class Address:
    """Where a venue is, and what each request to it says. Its path is the operator's, as written."""

    url: httpx.URL
    path: bytes = field(init=False)
    headers: Mapping[str, str] = field(init=False)

    @path.default
    def _path_of_url(self) -> bytes:
        return self.url.raw_path.partition(b"?")[0].rstrip(b"/")

    @headers.default
    def _headers_of_all(self) -> Mapping[str, str]:
        headers = {
            "Host": self.url.netloc.decode("ascii"),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "order-engine",
        }
        if self.url.userinfo:
            credentials = b64encode(f"{self.url.username}:{self.url.password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        return headers

    def at(self, path: str) -> httpcore.URL:
        """Return the URL of a path below it, whose parts are quoted already; nothing is done to its dots."""
        url = self.url
        return httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"%s/%s" % (self.path, path.encode("ascii"))
        )


@frozen
class Response:
    """A whole answer."""

    status: int
    body: bytes


class Connection:
    """Asks one thing at a time over one connection, which is made again when it was lost.

    An answer is taken as it was sent, or not at all; no more of it is read than its bound and what stands around it.
    """

    def __init__(
        self, address: Address, tls: ssl.SSLContext, reach_seconds: float, idle_seconds: float, options: SocketOptions
    ) -> None:
        self._address = address
        self._timeouts = {"connect": reach_seconds}
        self._intake = _Intake()
        self.pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=idle_seconds,
            network_backend=self._intake,
            socket_options=options,
        )

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], most: int) -> Response:
        """Send a request and return the answer, whose body has at most `most` bytes.

        Raises VenueUnavailable for an answer that is not taken, and FAILURES. Only connecting is timed here.
        """
        self._intake.left = HEAD_BYTES
        async with self.pool.stream(
            method,
            self._address.at(path),
            headers=[*self._address.headers.items(), *headers.items()],
            content=body,
            extensions={"timeout": self._timeouts},
        ) as response:
            _refuse_by_head(response.headers, most)
            self._intake.left = most + CHUNKING_BYTES
            return Response(response.status, await _body_of(response, most))

    async def close(self) -> None:
        """Close it; whatever is asked next makes another."""
        await self.pool.aclose()


async def _body_of(response: httpcore.Response, most: int) -> bytes:
    parts: list[bytes] = []
    async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_stream())) as stream:
        async for part in stream:
            parts.append(part)
            if len(parts) * PART_BYTES > most:
                raise VenueUnavailable("answered in too small pieces")
    content = b"".join(parts)
    if len(content) > most:
        raise VenueUnavailable(_TOO_MUCH)
    return content


def _refuse_by_head(headers: Sequence[tuple[bytes, bytes]], most: int) -> None:
    if len(headers) > MOST_HEADERS:
        raise VenueUnavailable(f"answered with more than {MOST_HEADERS} headers")
    for name, value in headers:
        match name.lower():
            case b"content-encoding":
                raise VenueUnavailable("answered in an encoding that was not asked for")
            case b"content-length" if not value.isdigit() or len(value) > 18 or int(value) > most:
                raise VenueUnavailable(_TOO_MUCH)


class _Intake(httpcore.AsyncNetworkBackend):
    """The network, from which a connection reads `left` more bytes: whatever is not read waits at the other end."""

    def __init__(self) -> None:
        self.left: float = inf
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore asks for it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Metered(stream, self)


class _Metered(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, intake: _Intake) -> None:
        self._stream = stream
        self._intake = intake

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore asks for it
        most = min(max_bytes, self._intake.left)
        if most <= 0:
            raise VenueUnavailable(_TOO_MUCH)
        data = await self._stream.read(int(most), timeout)
        self._intake.left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore asks for it
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore asks for it
    ) -> httpcore.AsyncNetworkStream:
        return _Metered(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._intake)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
