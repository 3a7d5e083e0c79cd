"""Says of a server that did not answer a command why that is, and whose mistake."""

import asyncio
from copy import copy
from typing import TypeVar

from application.ports.errors import PortError, StoreUnfit
from entrypoints.container import Container
from entrypoints.settings import PREFIX, Settings, SettingsError
from entrypoints.starting import Look

Error = TypeVar("Error", bound=PortError)


async def why_not(look: Look, setting: str, error: Error) -> Error | SettingsError:
    """Return a SettingsError when the URL is wrong; else the error itself, with the reason when there is one.

    A command does not wait, so a host that is not known counts as wrong.
    """
    fault = None if isinstance(error, StoreUnfit) else await look()
    if fault is None:
        return error
    text = f"{PREFIX}{setting.upper()} {fault.text}"
    if fault.certain or fault.unknown_host:
        return SettingsError([text])
    named = copy(error)
    named.args = (text,)
    return named


def check_servers(settings: Settings) -> None:
    """Look at each server that the settings name. Raises SettingsError with all that is wrong, or away."""
    container = Container(settings=settings, mode="live")
    looks: dict[str, Look] = {"postgres_url": container.postgres_fault(), "redis_url": container.redis_fault()}

    async def look() -> list[str]:
        named = [name for name in looks if getattr(settings, name) is not None]
        faults = await asyncio.gather(*(looks[name]() for name in named))
        return [f"{PREFIX}{name.upper()} {fault.text}" for name, fault in zip(named, faults, strict=True) if fault]

    if wrong := asyncio.run(look()):
        raise SettingsError(wrong)
