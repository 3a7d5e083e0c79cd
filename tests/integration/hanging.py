"""A server that never answers."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def hanging_server(*, drops: bool) -> Iterator[str]:
    """Give host and port of a server that takes connections and never says a word, or whose system drops packets."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0 if drops else 128))
        for _ in range(4 if drops else 0):  # a full queue: the system takes no more, and says nothing
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"
