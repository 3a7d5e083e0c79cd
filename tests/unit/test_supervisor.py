"""The parent of several processes, with children that are small scripts; and how many may be asked for."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import typer
from attrs import define, field

from entrypoints.cli.app import app
from entrypoints.lifecycle import StartError
from entrypoints.processes.supervisor import Supervisor, pause_seconds
from entrypoints.settings import Settings, SettingsError
from tests.eventually import eventually

END_WELL = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
IGNORE = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
KNOWN = "open(sys.argv[1], 'a').write(f'{os.getpid()} ')"
SERVE = "os.write(0, b'.')"
STAY = "time.sleep(60)"


@define
class Signals:
    """The wishes of whoever runs the parent: to stop, and then to stop at once."""

    _events: list[asyncio.Event] = field(factory=lambda: [asyncio.Event(), asyncio.Event()])
    _asked: "count[int]" = field(factory=count)

    def __call__(self) -> asyncio.Event:
        return self._events[next(self._asked)]

    def stop(self) -> None:
        self._events[0].set()

    def hurry(self) -> None:
        self._events[1].set()


@define
class Family:
    """A supervisor, and the children that it started so far."""

    listener: socket.socket
    file: Path
    signals: Signals = field(factory=Signals)

    def supervisor(self, *script: str, end_seconds: float = 10) -> Supervisor:
        code = "; ".join(("import os, signal, sys, time", *script))
        command = [sys.executable, "-I", "-S", "-c", code, str(self.file)]
        return Supervisor(command, [self.listener], end_seconds=end_seconds, signals=self.signals)

    @property
    def pids(self) -> list[int]:
        return [int(pid) for pid in self.file.read_text().split()]


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    file = tmp_path / "pids"
    file.touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Family(listener, file)


async def test_children_run_until_the_wish_to_stop(family: Family) -> None:
    running = asyncio.create_task(family.supervisor(END_WELL, KNOWN, SERVE, STAY).run(3))
    await eventually(lambda: len(family.pids) == 3)
    family.signals.stop()
    assert await running
    assert len(family.pids) == 3


async def test_a_child_that_dies_is_started_again_at_once(family: Family) -> None:
    running = asyncio.create_task(family.supervisor(END_WELL, KNOWN, SERVE, STAY).run(2))
    await eventually(lambda: len(family.pids) == 2)
    os.kill(family.pids[1], signal.SIGKILL)
    await eventually(lambda: len(family.pids) == 3)
    family.signals.stop()
    assert await running  # that one was killed in its life is forgiven


async def test_one_that_dies_again_and_again_waits_ever_longer(family: Family) -> None:
    assert [pause_seconds(times) for times in (1, 2, 3, 4, 5, 6, 7, 10_000)] == [0, 0.5, 1, 2, 4, 8, 10, 10]
    running = asyncio.create_task(family.supervisor(KNOWN, SERVE, "sys.exit(1)").run(1))
    await eventually(lambda: len(family.pids) == 3)
    family.signals.stop()
    await running
    assert len(family.pids) == 3


async def test_nothing_is_started_again_when_the_first_never_serves(family: Family) -> None:
    with pytest.raises(StartError, match=r"ended before it served: exit code 7"):
        await family.supervisor(KNOWN, "sys.exit(7)").run(3)
    assert len(family.pids) == 1


async def test_a_command_that_cannot_be_run_is_told(family: Family) -> None:
    missing = Supervisor(["/nowhere/at/all"], [family.listener], end_seconds=1, signals=family.signals)
    with pytest.raises(StartError, match="could not be started, No such file or directory"):
        await missing.run(2)


async def test_the_wish_to_stop_may_come_before_anyone_serves(family: Family) -> None:
    running = asyncio.create_task(family.supervisor(KNOWN, STAY).run(2))
    await eventually(lambda: len(family.pids) == 1)
    family.signals.stop()
    assert await running


@pytest.mark.parametrize("why", ["late", "hurry"])
async def test_children_that_do_not_end_are_killed(family: Family, why: str) -> None:
    supervisor = family.supervisor(IGNORE, KNOWN, SERVE, STAY, end_seconds=0.2 if why == "late" else 60)
    running = asyncio.create_task(supervisor.run(2))
    await eventually(lambda: len(family.pids) == 2)
    family.signals.stop()
    if why == "hurry":
        family.signals.hurry()
    assert not await running
    for pid in family.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_child_that_hangs_ends_all_the_same_when_its_parent_is_gone() -> None:
    watch = "from entrypoints.processes.line import end_with_parent; end_with_parent(0.2)"
    with subprocess.Popen(
        [sys.executable, "-c", f"import signal, time; {IGNORE}; {watch}; {STAY}"], stdin=subprocess.PIPE
    ) as child:
        assert child.stdin
        child.stdin.close()
        assert child.wait(30) == -signal.SIGALRM


@pytest.mark.parametrize("number", ["0", "-1", "65", "two"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(number: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        app(["api", "--processes", number], standalone_mode=False)
    assert refused.value.format_message().startswith("Invalid value for '--processes': Input should be")
    with pytest.raises(SettingsError, match="ORDER_ENGINE_API_PROCESSES must be a whole number from 1 to 64"):
        Settings.from_environment({"ORDER_ENGINE_API_PROCESSES": number})
