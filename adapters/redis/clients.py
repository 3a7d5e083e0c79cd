"""Redis clients for adapters that put a limit on each call themselves; none is repeated behind our back."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS = 1.0
POOL_SECONDS = 2.0


def queue_client(url: str, connections: int = 32) -> Redis:
    """Make the client for the queue; connects on first use. Close it with `aclose`.

    Each `take` that waits holds one of the `connections`.
    """
    # A foreign entry with broken UTF-8 must not make every answer unreadable.
    return _client(url, connections, client_name="order-engine-queue", decode_responses=True, encoding_errors="replace")


def feed_client(url: str) -> Redis:
    """Make the client for the live feed: one connection publishes, one listens. Close it with `aclose`."""
    return _client(url, 4, client_name="order-engine-feed", encoding_errors="replace")


def _client(url: str, connections: int, **options: Any) -> Redis:
    # No socket timeout: it would end blocking reads, and up to Python 3.11 the `wait_for` behind it swallows the
    # cancellation by which our own limits work.
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=POOL_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **options,
    )
    return Redis.from_pool(pool)
