"""How sessions are made: at which of a URL's hosts, how each is set, and what is looked at before it is used."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address
from threading import Thread
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.sessions import Backend, Session, settings_of
from application.ports.errors import StoreUnavailable

# For each address in turn. A host that drops packets costs no more than this before the next has its turn.
_NETWORK = {
    "connect_timeout": "2",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
_RESOLVE_SECONDS = 2.0
_CLOSE_SECONDS = 1.0
_TRIES = 5

Hook = Callable[[Session], Awaitable[None]]


class Connector:
    """Makes the sessions of one process. The host that answered last is asked first, then all in the URL's order.

    `after_connecting` has what is run on each new session, in order, before anything else is; one that raises
    psycopg.Error or StoreUnavailable has the session closed, and its error is the caller's.
    """

    def __init__(self, url: str, application_name: str) -> None:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
        self._params = {"application_name": application_name, **_NETWORK, **given, "client_encoding": "UTF8"}
        self._options = settings_of(given.get("options") or os.environ.get("PGOPTIONS", ""))
        self._hosts = _hosts(self._params)
        if len(self._hosts) > 1 and "PGTARGETSESSIONATTRS" not in os.environ:
            self._params.setdefault("target_session_attrs", "primary")  # a standby among them would take no order
        self._worked: _Place | None = None
        self._resolving: dict[_Place, asyncio.Future[list[_Place]]] = {}
        self._left: set[Backend] = set()
        self._apart = False  # as a pooler was seen to keep sessions
        self.after_connecting: list[Hook] = []

    async def connect(self, settings: Mapping[str, str]) -> Session:
        """Return a new session with these settings; what else the URL's own options set is set too.

        It takes at most the URL's `connect_timeout` (2 s if not given) for each address of each host, as much for
        their names, and a second for what is looked at. One that breaks while it is made, as when all sessions are
        ended, is made again. Raises psycopg.Error, StoreUnfit, and what the hooks raise.
        """
        tries = 0
        while True:
            tries += 1
            session = await self._open()
            try:
                await self._settle(session, settings)
                await self._look_at(session, settings)
            except BaseException as error:
                broke = session.closed and isinstance(error, psycopg.OperationalError)
                await session.close()
                if not broke or tries == _TRIES:
                    raise
            else:
                return session

    def left_behind(self, session: Session) -> None:
        """Have the next session end this one's side at the server, which may not have noticed that nobody is there.

        One that waits for a standby does not notice at all, and there would be another for each try.
        """
        self._left.add(session.backend)

    async def close(self) -> None:
        """End what was left behind, as far as that can be done at once."""
        with suppress(psycopg.Error, StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                if self._left:
                    async with await self._open() as session:
                        await self._settle(session, {})

    def forget(self) -> None:
        """Have the next session begin with the first host: the one that answered last is of no use."""
        self._worked = None

    async def _open(self) -> Session:
        return await Session.connect(make_conninfo(**{**self._params, **await self._places()}), autocommit=True)

    async def _settle(self, session: Session, settings: Mapping[str, str]) -> None:
        left = frozenset(self._left)
        await session.settle({**self._options, **settings}, left)
        self._left -= left
        info = session.pgconn
        self._worked = _Place(*(part.decode() for part in (info.host, info.hostaddr, info.port)))

    async def _look_at(self, session: Session, settings: Mapping[str, str]) -> None:
        if not (self._apart or session.is_direct):
            async with await self._open() as other:
                await self._settle(other, settings)
                await session.refuse_a_shared_server(other)
            self._apart = True
        for hook in self.after_connecting:
            await hook(session)

    async def _places(self) -> dict[str, str]:
        """Return the parameters that name each address of each host, so that psycopg tries them one by one."""
        if not self._hosts:
            return {}
        found = await asyncio.gather(*map(self._resolved, self._hosts))
        places = list(dict.fromkeys(place for places in found for place in places))
        if not places:
            raise psycopg.OperationalError("no host's name was found")
        places.sort(key=lambda place: place != self._worked)
        params = {"host": ",".join(place.host for place in places)}
        params["hostaddr"] = ",".join(place.address for place in places)
        params["port"] = ",".join(place.port for place in places)
        return params

    async def _resolved(self, place: "_Place") -> list["_Place"]:
        """Return the host's addresses; those of before if they cannot be had in time, else none.

        A look-up that hangs goes on and is waited for again.
        """
        if place.address or not place.host or place.host.startswith(("/", "@")):
            return [place]
        looking = self._resolving.get(place)
        if looking is None or looking.done():
            looking = self._resolving[place] = asyncio.ensure_future(_look_up(place))
        await asyncio.wait([looking], timeout=_RESOLVE_SECONDS)
        if looking.done() and not looking.exception():
            return looking.result()
        worked = self._worked
        return [worked] if worked is not None and (worked.host, worked.port) == (place.host, place.port) else []


class _Place(NamedTuple):
    """Where a server may be; `address` is empty for a socket file, and until the name was looked up."""

    host: str
    address: str
    port: str


def _hosts(params: Mapping[str, str]) -> list[_Place]:
    """Return the hosts that the parameters name; none when libpq's own words on them are wanted."""
    hosts, addresses = (params[name].split(",") if params.get(name) else [] for name in ("host", "hostaddr"))
    ports = (params.get("port") or os.environ.get("PGPORT", "")).split(",")
    count = max(len(hosts), len(addresses))
    if len(ports) == 1:
        ports *= count
    if len(ports) != count or (hosts and addresses and len(hosts) != len(addresses)):
        return []  # libpq says what does not match
    parts = zip(hosts or [""] * count, addresses or map(_literal, hosts), ports, strict=True)
    return [_Place(host, address, port or "5432") for host, address, port in parts]


async def _look_up(place: _Place) -> list[_Place]:
    """Look the name up in a thread that nobody waits for in the end, as a process may that has done its work."""
    found: Future[list[_Place]] = Future()

    def look() -> None:
        found.set_running_or_notify_cancel()
        try:
            infos = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            found.set_result([place._replace(address=str(info[4][0])) for info in infos])
        except Exception as error:  # whoever waits has it
            found.set_exception(error)

    Thread(target=look, name="look-up", daemon=True).start()
    return await asyncio.wrap_future(found)


def _literal(host: str) -> str:
    """Return the address that needs no looking up; empty for a name."""
    try:
        ip_address(host)
    except ValueError:
        return ""
    return host
