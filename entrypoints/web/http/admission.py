"""Which connections may stay: as many as there are files for, and of each address few that have asked for nothing."""

import errno
import os
import resource
from collections import Counter, defaultdict
from collections.abc import Iterable
from ipaddress import IPv6Address

from entrypoints.web import observe
from entrypoints.web.http.protocol import ProblemHttpProtocol
from entrypoints.web.http.tls_handshake import TlsHandshake

NEWCOMERS_MOST = 256
CONNECTIONS_MOST = 20_000  # twice the sockets that may be open; some 10 KiB each
FILES_SPARE = 64  # for what else the process opens, its own connections when they break; of a low limit a quarter
QUIET_LOOKS = 60
_ONE_CLIENTS = 1 << 64  # IPv6 addresses, whoever gives them out


class Admission:
    """What one server lets in: of one address at most `newcomers_most` whose first request is not whole yet.

    So a proxy's count only when they are new. Of too many, those go that wait longest, and none that came after the
    look before: a burst of clients is no attack.
    """

    def __init__(self, newcomers_most: int = NEWCOMERS_MOST) -> None:
        self._newcomers_most = newcomers_most
        self._other_files = len(os.listdir("/dev/fd"))
        self._untold: Counter[str] = Counter()
        self._quiet_looks = 0

    def is_full(self, count: int) -> bool:
        """Whether there is no room beside `count` connections: then the one that comes is refused."""
        if count < self._room():
            return False
        self._refused("files")
        return True

    def look(self, connections: Iterable[object]) -> None:
        """End newcomers that are too many, and tell of who was refused; once a second."""
        waiting = defaultdict(list)
        for connection in connections:
            if isinstance(connection, ProblemHttpProtocol | TlsHandshake) and connection.is_new:
                waiting[_client_of(connection)].append(connection)
        for newcomers in waiting.values():
            surplus = sorted(newcomers, key=lambda newcomer: -newcomer.waited)[: -self._newcomers_most]
            for newcomer in surplus:
                if newcomer.waited:
                    self._refused("address")
                    newcomer.transport.abort()
        if _no_file_is_left():  # then the event loop accepts and closes by itself, and tells nobody
            self._refused("files")
        self._report()

    def _room(self) -> int:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY:
            return CONNECTIONS_MOST
        return max(1, min(CONNECTIONS_MOST, limit - self._other_files - min(FILES_SPARE, limit // 4)))

    def _refused(self, why: str) -> None:
        observe.connection_refused(why)
        self._untold[why] += 1

    def _report(self) -> None:
        """Log who was refused, at most once in QUIET_LOOKS: an attack must not fill the log."""
        if self._quiet_looks:
            self._quiet_looks -= 1
        elif self._untold:
            observe.connections_refused(self._untold, self._room())
            self._untold.clear()
            self._quiet_looks = QUIET_LOOKS


def _no_file_is_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno == errno.EMFILE
    return False


def _client_of(connection: ProblemHttpProtocol | TlsHandshake) -> str | int:
    """Return what is one client: an IPv4 address, or all IPv6 addresses that begin with the same 64 bits."""
    address = connection.client[0] if connection.client else ""
    if ":" not in address or "." in address:
        return address
    return int(IPv6Address(address.partition("%")[0])) // _ONE_CLIENTS
