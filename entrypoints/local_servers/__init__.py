"""Private Postgres and Redis servers for `order-engine dev` and for the tests."""

from entrypoints.local_servers.errors import LocalServerError
from entrypoints.local_servers.postgres import LocalPostgres
from entrypoints.local_servers.redis import LocalRedis

__all__ = ["LocalPostgres", "LocalRedis", "LocalServerError"]
