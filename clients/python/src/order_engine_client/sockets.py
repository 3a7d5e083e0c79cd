"""WebSockets that go to the engine and nowhere else: websockets itself would follow a redirect, with what it shows."""

from websockets.asyncio.client import connect
from websockets.sync.client import reconnect


class Connect(reconnect):
    """Opens a socket, for a thread."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Follow none."""
        return exc


class ConnectAsync(connect):
    """Opens a socket, for asyncio."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Follow none."""
        return exc
