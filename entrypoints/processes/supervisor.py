"""The parent: starts children, starts them again, and stops them all."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define

from entrypoints.lifecycle import StartError, background, stop_on_signals
from entrypoints.processes import observe
from entrypoints.processes.shared_meters import MetersFile

STEADY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0


class Supervisor:
    """Runs children of one command, which inherit `listeners` and have `end_seconds` to end once they are asked to.

    Each is given its slot in `meters`, the first 0; a child that takes another's place takes its slot.
    `signals` gives an event that is set when the parent shall stop; it is asked again for the wish to stop at once.
    """

    def __init__(
        self,
        command: Sequence[str],
        listeners: Sequence[socket.socket],
        *,
        end_seconds: float,
        meters: MetersFile | None = None,
        signals: Callable[[], asyncio.Event] = stop_on_signals,
    ) -> None:
        self._command = command
        self._listeners = tuple(listeners)
        self._meters = meters
        self._end_seconds = end_seconds
        self._signals = signals
        self._stop = asyncio.Event()
        self._served = asyncio.Event()
        self._trouble = ""
        self._children: set[_Child] = set()

    async def run(self, count: int) -> bool:
        """Keep `count` children running until a signal, then end them; say whether all ended well by themselves.

        One that dies is started again at once, or after a growing pause when it keeps dying young. The first starts
        before the others, to show whether there is any use in them: raises StartError when it ends before it serves.
        """
        self._stop = self._signals()
        async with background(self._keep(0), *(self._keep_another(slot) for slot in range(1, count))):
            await self._stop.wait()
        ended_well = await self._end()
        if self._trouble:
            raise StartError(self._trouble)
        return ended_well

    async def _keep_another(self, slot: int) -> None:
        await self._served.wait()
        await self._keep(slot)

    async def _keep(self, slot: int) -> None:
        time = asyncio.get_running_loop().time
        died_young = 0
        while True:
            begun = time()
            how = await self._live(slot)
            if not self._served.is_set():
                self._trouble = f"The first process ended before it served: {how}."
                self._stop.set()
                return
            died_young = 0 if time() - begun >= STEADY_SECONDS else died_young + 1
            if pause := pause_seconds(died_young):
                observe.children_die_young(died_young, pause)
                await asyncio.sleep(pause)

    async def _live(self, slot: int) -> str:
        """Start a child and say, when it is gone, how it ended."""
        command = [*self._command, *(self._meters.arguments(slot) if self._meters else ())]
        inherited = [listener.fileno() for listener in self._listeners]
        inherited += [self._meters.fd] if self._meters else []
        try:
            child = await _Child.start(command, inherited)
        except OSError as error:
            observe.child_not_started(error)
            return f"it could not be started, {error.strerror}"
        self._children.add(child)
        observe.child_started(child.process.pid)
        if await child.serves():
            self._served.set()
        code = await child.ended()
        self._children.discard(child)
        if self._meters:
            self._meters.vacate(slot)
        observe.child_ended(child.process.pid, code)
        return f"exit code {code}"

    async def _end(self) -> bool:
        hurry = self._signals()
        for listener in self._listeners:
            listener.close()  # a client that comes when all children have closed theirs is refused, not left waiting
        for child in self._children:
            child.send(signal.SIGTERM)
        async with background(self._kill_late_ones(hurry)):
            codes = {child: await child.ended() for child in self._children}
        # One that had not come so far as to handle SIGTERM served nobody.
        return all(code == 0 or (code == -signal.SIGTERM and not child.served) for child, code in codes.items())

    async def _kill_late_ones(self, hurry: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._end_seconds):
                await hurry.wait()
        observe.children_killed(at_once=hurry.is_set())
        for child in self._children:
            child.send(signal.SIGKILL)


def pause_seconds(died_young: int) -> float:
    """Return how long to wait before the next start, after that many children in a row that lived for under 5 s."""
    return 0.0 if died_young < 2 else min(LONGEST_PAUSE_SECONDS, 2.0 ** min(died_young - 3, 9))


@define(eq=False)
class _Child:
    process: asyncio.subprocess.Process
    line: socket.socket
    served: bool = False

    @classmethod
    async def start(cls, command: Sequence[str], inherited: Sequence[int]) -> "_Child":
        """Start one, in a session of its own: Ctrl-C at a terminal reaches it through the parent alone."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=theirs.fileno(), pass_fds=inherited, start_new_session=True
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    async def serves(self) -> bool:
        """Wait until it serves, or has ended before it did."""
        with suppress(OSError):
            self.served = bool(await asyncio.get_running_loop().sock_recv(self.line, 1))
        return self.served

    async def ended(self) -> int:
        """Wait for its exit code; negative when a signal ended it."""
        code = await self.process.wait()
        self.line.close()
        return code

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
