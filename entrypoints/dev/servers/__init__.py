"""Private Postgres and Redis servers for `order-engine dev` and for the tests."""

from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.postgres import LocalPostgres
from entrypoints.dev.servers.redis import LocalRedis
from entrypoints.dev.servers.server import LocalServer

__all__ = ["LocalPostgres", "LocalRedis", "LocalServer", "LocalServerError"]
