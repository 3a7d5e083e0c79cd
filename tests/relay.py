"""A TCP relay in front of a server, which holds back what passes, lets it pass late, or leads elsewhere."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.eventually import eventually


class Relay:
    """Passes bytes on to a server, each `late` seconds late. It can `hold` them all back; nothing is reset then.

    It has a thread and an event loop of its own: processes that start in a test must reach the server meanwhile.
    """

    def __init__(self, url: str) -> None:
        self.late = 0.0
        self.port = 0
        self._url = urlsplit(url)
        self._flows = asyncio.Event()
        self._stop = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    @property
    def url(self) -> str:
        """The server's URL, by way of the relay."""
        account, at, _ = self._url.netloc.rpartition("@")
        return self._url._replace(netloc=f"{account}{at}127.0.0.1:{self.port}").geturl()

    def start(self) -> None:
        """Begin; the port is known soon."""
        self._thread.start()
        self.release()

    def hold(self) -> None:
        """Let nothing pass from now on."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def lead_to(self, url: str) -> None:
        """Lead to another server from now on; connections that are open stay where they are."""
        self._url = urlsplit(url)

    def release(self) -> None:
        """Let what was held back pass, and what comes."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def switch_to(self, url: str) -> None:
        """Lead to another server with the same accounts, and cut all connections, so that they come to it."""
        self.lead_to(url)
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def stop(self) -> None:
        """End, and cut all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        await self._stop.wait()
        server.close()
        pumps = asyncio.all_tasks() - {asyncio.current_task()}
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            from_server, to_server = await asyncio.open_connection(self._url.hostname, self._url.port)
        except OSError:  # the server is down
            writer.transport.abort()
            return
        self._open |= {writer, to_server}
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, to_server), self._pump(from_server, writer))
        self._open -= {writer, to_server}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Pass on what comes in, in order; each piece waits by itself, so that a way that is long is no narrower."""
        now, pieces = asyncio.get_running_loop().time, asyncio.Queue[tuple[float, bytes]]()
        reading = asyncio.create_task(self._read(source, pieces))
        try:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - now()))
                await self._flows.wait()
                if not piece:
                    break
                sink.write(piece)
                with suppress(ConnectionError):
                    await sink.drain()
        finally:
            reading.cancel()
            sink.close()

    async def _read(self, source: asyncio.StreamReader, pieces: "asyncio.Queue[tuple[float, bytes]]") -> None:
        piece = b"-"
        while piece:
            try:
                piece = await source.read(65_536)
            except ConnectionError:
                piece = b""
            pieces.put_nowait((asyncio.get_running_loop().time() + self.late, piece))


@contextmanager
def relay_to(url: str) -> Iterator[Relay]:
    """Run a relay to the server of a URL."""
    relay = Relay(url)
    relay.start()
    try:
        asyncio.run(eventually(lambda: relay.port))
        yield relay
    finally:
        relay.stop()
