"""The addresses that the settings name, taken."""

import socket

from entrypoints.settings import PREFIX, Settings
from entrypoints.web.server import bind


def listener_of(settings: Settings, port: str, host: str = "host") -> socket.socket:
    """Take the address that these two settings name. Raises CannotListen, with the variable to change."""
    return bind(getattr(settings, host), getattr(settings, port), [f"{PREFIX}{name.upper()}" for name in (host, port)])
