"""Connections that are made to the very address that was checked."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from socket import IPPROTO_TCP, getaddrinfo
from typing import Any

import httpcore

from adapters.webhook_http.addresses import is_public

# Names are looked up in threads of their own. A name server that never answers keeps one for half a minute, though
# nobody waits any more: so there are many, and a name is looked up once at a time.
_LOOKUPS_AT_ONCE = 64


class AddressRefused(Exception):
    """The name has no address that may be sent to."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name once, and connects to the first of its addresses that may be sent to; any with `allow_private`.

    TLS goes on to name and verify the host, so nothing but the address is decided here.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()
        self._lookups = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "webhook-names")
        self._asked: dict[tuple[str, int], asyncio.Future[list[Any]]] = {}

    def close(self) -> None:
        """Wait for no look-up any more. Idempotent."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore asks for it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                address = await self._address_of(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)

    async def _address_of(self, host: str, port: int) -> str:
        for *_, address in await self._looked_up(host, port):
            if self._allow_private or is_public(str(address[0])):
                return str(address[0])
        raise AddressRefused(host)

    async def _looked_up(self, host: str, port: int) -> list[Any]:
        key = (host, port)
        if key not in self._asked:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._lookups, lambda: getaddrinfo(host, port, proto=IPPROTO_TCP))
            asked.add_done_callback(lambda done: (self._asked.pop(key), done.cancelled() or done.exception()))
            self._asked[key] = asked
        return await asyncio.shield(self._asked[key])
