"""What a process looks at before it starts: the servers that it was given. One that can never do ends the start."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import frozen

from application import observe
from application.ports.errors import QueueUnavailable, StoreUnavailable, StoreUnfit
from application.ports.server_fault import ServerFault
from entrypoints.lifecycle import Resource, StartError
from entrypoints.settings import PREFIX, SettingsError

Look = Callable[[], Awaitable[ServerFault | None]]


class Connects(Protocol):
    """A store that can be connected before anything needs it."""

    async def connect(self) -> None:
        """Connect. Raises StoreUnavailable, and StoreUnfit for a server that can never do."""
        ...


@frozen
class Connected(Resource):
    """A store that is connected before anything needs it, unless it is away: then it connects later."""

    _store: Connects
    _fault: Look

    async def open(self) -> None:
        """Connect. Raises StartError for a server that can never do, and SettingsError for a URL that never can."""
        try:
            await self._store.connect()
        except StoreUnfit as error:
            raise StartError(str(error)) from error
        except StoreUnavailable as error:
            fault = await self._fault()
            _refuse_if_certain("postgres_url", fault)
            observe.store_away("the start", StoreUnavailable(f"its URL {fault.text}") if fault else error)

    async def close(self) -> None:
        """Leave that to the store."""


@frozen
class Looked(Resource):
    """A Redis that was looked at before anything needs it; one that is away is waited for."""

    _fault: Look

    async def open(self) -> None:
        """Look at it. Raises SettingsError for one that can never do."""
        if fault := await self._fault():
            _refuse_if_certain("redis_url", fault)
            observe.queue_away("the start", QueueUnavailable(f"its URL {fault.text}"))

    async def close(self) -> None:
        """Do nothing: the look is over."""


def _refuse_if_certain(setting: str, fault: ServerFault | None) -> None:
    if fault and fault.certain:
        raise SettingsError([f"{PREFIX}{setting.upper()} {fault.text}"])
