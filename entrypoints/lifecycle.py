"""Opens resources in order, closes them in reverse, and turns signals into a wish to stop."""

import asyncio
import gc
import resource
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Protocol

from attrs import frozen


class StartError(Exception):
    """A process cannot start; the text is one clear sentence for its operator."""


class Resource(Protocol):
    """Something with connections or tasks of its own; constructing it did no I/O."""

    async def open(self) -> None:
        """Make it ready for use. A server that is away is no error: it comes back by itself."""
        ...

    async def close(self) -> None:
        """Finish what was promised and let go. Idempotent."""
        ...


@frozen
class Closing:
    """A resource that needs no opening, such as a client that connects by itself on first use."""

    _close: Callable[[], Awaitable[object]]

    async def open(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Let go of it."""
        await self._close()


@frozen
class Together:
    """Several resources as one."""

    _parts: Sequence[Resource]

    async def open(self) -> None:
        """Make all ready; when one of them cannot be, let go of those that were."""
        async with AsyncExitStack() as stack:
            for part in self._parts:
                await part.open()
                stack.push_async_callback(part.close)
            stack.pop_all()

    async def close(self) -> None:
        """Let go of all."""
        for part in self._parts:
            await part.close()


@asynccontextmanager
async def opened(*resources: Resource) -> AsyncIterator[None]:
    """Open `resources` in order; close those that were opened in reverse, also when one of them fails to open."""
    async with AsyncExitStack() as stack:
        for resource in resources:
            await resource.open()
            stack.push_async_callback(resource.close)
        yield


@asynccontextmanager
async def background(*beside: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these beside the body and cancel after it those that still run; one that fails ends the body too."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in beside]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT (Ctrl-C) sets; needs the main thread's running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def prepare_process() -> None:
    """Make ready for load; call it once all is imported, before the work starts.

    Raises the soft limit of open files, often 1,024, to the hard one: each socket is a file. Keeps the garbage
    collector away from what stays for good, and from running 40 times a second: an order leaves no cycles, so its
    rounds found nothing, at a sixth of the CPU and up to 60 ms a pause.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS may call it unlimited and refuse it; then it stays as it was
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
