"""Sends webhooks: signed as Standard Webhooks has it, over HTTP/1.1 that follows nothing and reads next to nothing."""

import asyncio
import re
import ssl
import time
from collections import defaultdict
from urllib.parse import urlsplit

import httpcore
import httpx
from standardwebhooks import Webhook

from adapters.webhook_http.network import AddressRefused, CheckedNetwork
from application.ports.system import Clock
from application.ports.webhooks import Answer
from domain.webhook import WebhookEndpoint

CONNECT_SECONDS = 4.0
SEND_SECONDS = 10.0  # in all: names, connecting, TLS, and the answer
BODY_BYTES = 16 * 1024
# Servers commonly let an idle connection go after 5 s.
IDLE_SECONDS = 4.0
_SECONDS = re.compile(rb"[0-9]{1,6}")


class HttpWebhookSender:
    """Sends over connections that are kept for a few seconds, by the host that they were made to."""

    def __init__(self, clock: Clock, *, allow_private: bool) -> None:
        self._clock = clock
        self._schemes = (b"https", b"http") if allow_private else (b"https",)
        self._network = CheckedNetwork(allow_private=allow_private)
        self._tls: ssl.SSLContext | None = None
        self._idle: defaultdict[bytes, list[tuple[httpcore.AsyncConnectionPool, float]]] = defaultdict(list)

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        idle = [connection for kept in self._idle.values() for connection, _ in kept]
        self._idle.clear()
        for connection in idle:
            await connection.aclose()
        self._network.close()

    async def send_signed(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        if not endpoint.secret:
            return Answer(error="secret_unreadable")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._send(endpoint, message_id, body)
        except AddressRefused:
            return Answer(error="address_refused")
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(error="timeout")
        except httpcore.ConnectError as error:
            is_tls = isinstance(error.__context__, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
            return Answer(error="tls" if is_tls else "unreachable")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return Answer(error="broken_answer")
        except (UnicodeError, ValueError):  # a host that no name server may be asked for, say
            return Answer(error="bad_url")

    async def _send(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        url = _parsed(endpoint.url)
        if url.scheme not in self._schemes:  # it was made when more was allowed
            raise AddressRefused(endpoint.webhook_id)
        authority = b"%s://%s:%d" % (url.scheme, url.host, url.port or 0)
        connection = await self._connection(authority)
        try:
            answer = await self._ask(connection, url, self._headers(endpoint, message_id, body), body.encode())
        except BaseException:
            # One that was cut off is in an unknown state, and its pool may wait for it for ever.
            await connection.aclose()
            raise
        self._idle[authority].append((connection, time.monotonic()))
        return answer

    async def _ask(
        self, connection: httpcore.AsyncConnectionPool, url: httpcore.URL, headers: dict[str, str], body: bytes
    ) -> Answer:
        timeouts = {"connect": CONNECT_SECONDS}
        async with connection.stream(
            "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
        ) as response:
            # What is not read by then is left, and the connection with it.
            size = 0
            async for part in response.aiter_stream():
                size += len(part)
                if size > BODY_BYTES:
                    break
            return Answer(status=response.status, again_in=_again_in(response))

    def _headers(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> dict[str, str]:
        now = self._clock.now()
        signatures = [Webhook(secret).sign(message_id, now, body) for secret in endpoint.secrets_at(now)]
        return {
            "Content-Type": "application/json",
            "User-Agent": "order-engine-webhooks",
            "Accept-Encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    async def _connection(self, authority: bytes) -> httpcore.AsyncConnectionPool:
        """Take the connection that was used last, or make one; those that were idle for too long are closed."""
        for connection in self._stale():
            await connection.aclose()
        if self._idle.get(authority):
            return self._idle[authority].pop()[0]
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx.create_ssl_context)
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self._network,
        )

    def _stale(self) -> list[httpcore.AsyncConnectionPool]:
        """Take out those that were idle for too long: at once, as others send while each is closed."""
        oldest, stale = time.monotonic() - IDLE_SECONDS, list[httpcore.AsyncConnectionPool]()
        for host, some in list(self._idle.items()):
            stale += (connection for connection, at in some if at <= oldest)
            self._idle[host] = [each for each in some if each[1] > oldest]
            if not self._idle[host]:
                del self._idle[host]
        return stale


def _parsed(text: str) -> httpcore.URL:
    """Return a URL with its whole path: `httpcore.URL` of a text has nothing of that from a last `;` on."""
    parts = urlsplit(text)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)


def _again_in(response: httpcore.Response) -> float | None:
    """Return what the answer's Retry-After says in seconds; as a date it is not read."""
    values = [value for name, value in response.headers if name.lower() == b"retry-after"]
    return float(values[0]) if len(values) == 1 and _SECONDS.fullmatch(values[0]) else None
