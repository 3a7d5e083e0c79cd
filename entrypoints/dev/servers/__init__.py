"""Private Postgres and Redis servers for `order-engine dev` and for the tests."""

from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.postgres import LocalPostgres
from entrypoints.dev.servers.redis import LocalRedis

__all__ = ["LocalPostgres", "LocalRedis", "LocalServerError"]
