"""A relay that speaks TLS before a server that need not: it shows a certificate, and may ask clients for one."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.certificates import Authority, Issued

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # what a Postgres client says first


class TlsRelay:
    """Passes on to the server of `url` what comes by TLS; `passed` counts the clients that it let through."""

    def __init__(self, url: str, files: Issued, clients: Authority | None) -> None:
        self.port = 0
        self.passed = 0
        self._url = urlsplit(url)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        if clients is not None:
            self._context.load_verify_locations(clients.certificate)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def url(self, host: str = "localhost", **options: object) -> str:
        """The server's URL, by way of the relay, for TLS."""
        account, at, _ = self._url.netloc.rpartition("@")
        scheme = self._url.scheme.replace("redis", "rediss")
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return self._url._replace(scheme=scheme, netloc=f"{account}{at}{host}:{self.port}", query=query).geturl()

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        assert self._ready.wait(5)

    def stop(self) -> None:
        """End, with all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        is_redis = self._url.scheme.startswith("redis")
        self._loop.set_exception_handler(lambda _, __: None)  # a handshake that fails is what tests want
        listener = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context if is_redis else None)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        listener.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            if not self._url.scheme.startswith("redis"):
                if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    return writer.close()
                writer.write(b"S")
                await writer.start_tls(self._context)
            if first := await reader.read(65536):  # TLS 1.3 lets a client begin before it is refused
                self.passed += 1
                await self._between(first, reader, writer)
        return writer.transport.abort()

    async def _between(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._url.hostname, self._url.port)
        there[1].write(first)
        ways = [asyncio.ensure_future(_flow(reader, there[1])), asyncio.ensure_future(_flow(there[0], writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            there[1].transport.abort()


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@contextmanager
def tls_relay(url: str, files: Issued, clients: Authority | None = None) -> Iterator[TlsRelay]:
    """Run a relay meanwhile; with `clients` it wants certificates of theirs."""
    relay = TlsRelay(url, files, clients)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
