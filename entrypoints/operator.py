"""Who operates the servers themselves: an operating system's user, at a host."""

import getpass
import socket
from uuid import uuid4

from application.caller import Caller, Scope


def operator() -> Caller:
    """Return who runs this process: it may do anything, and what it changes is noted in its name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        user = "unknown"
    host = socket.gethostname()
    return Caller(None, frozenset(Scope), operator=f"{user}@{host}", origin=host, request_id=uuid4().hex)
