"""A client of the order execution engine. It knows the engine by its wire alone, and imports nothing of it."""

from order_engine_client.version import VERSION as __version__

__all__ = ["__version__"]
