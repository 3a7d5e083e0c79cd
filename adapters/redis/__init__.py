"""The queue and the live feed on Redis 7.0 or newer, or Valkey."""

import sys

# redis-py loads OpenTelemetry's SDK of metrics wherever that is installed: 60 ms of each start, for figures that nobody
# asks it for. While redis-py is loaded, there is none.
if "redis" not in sys.modules and "opentelemetry" not in sys.modules:
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]
    try:
        import redis.asyncio  # noqa: F401
    finally:
        del sys.modules["opentelemetry"]
