"""What both local servers share: how they start, stop, and are found again."""

import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from entrypoints.dev.servers.binaries import Program
from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.folder import SHARED, ServerFolder, is_free
from entrypoints.dev.servers.process import GuardedProcess, Launch

START_SECONDS = 30.0
_LOG_BYTES = 10_000_000


class NotInTime(LocalServerError):
    """The server runs and does not serve: it may have much to read, so no other program is tried."""


class LocalServer(ABC):
    """A private server on 127.0.0.1 whose data stays in a folder of its own.

    It dies with the engine, also on kill -9. All methods block (a first start about a second, a stop up to four), and
    may be called from any thread, one at a time.
    """

    name: ClassVar[str]
    minimum: ClassVar[tuple[int, ...]]
    advice: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    reason_pattern: ClassVar[str]  # what a line of the log holds that says why the server won't start

    def __init__(
        self, data_dir: Path, *, options: Mapping[str, str] | None = None, sources: Collection[str] = ("local", "wheel")
    ) -> None:
        """Take the folder, extra server settings, and where programs may come from: installed ones, wheels."""
        self.options = dict(options or {})
        self.url = ""
        self.notice = ""
        self.program: Program | None = None
        self.folder = data_dir
        self._wanted = data_dir.absolute()
        self._sources = sources
        self._folder: ServerFolder | None = None
        self._process: GuardedProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it doesn't run."""
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Start the server, on the port of last time if that is free, and return its URL once it answers.

        A running server is left alone. `notice` then holds what the person should know, if anything.
        Raises: LocalServerError.
        """
        if self.pid:
            return self.url
        self.stop()
        try:
            self._folder = ServerFolder.open(self._wanted)
            self.notice = self._folder.notice
            self._start(self._folder)
        except OSError as error:
            self.stop()
            reason = error.strerror or str(error)
            raise LocalServerError(
                f"{self._wanted} can't be used as a data folder: {reason}. Mend that, or set ORDER_ENGINE_DATA_DIR."
            ) from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server: politely, and by force after three seconds. Does nothing when it doesn't run."""
        self._end_process()
        self._let_go()

    def kill(self) -> None:
        """Kill the server with all its processes at once, as a power cut would."""
        if self._process:
            self._process.kill()
        self._let_go()

    def pause(self) -> None:
        """Freeze all the server's processes: connections are accepted by the system, and nothing answers."""
        if self._process:
            self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        if self._process:
            self._process.signal(signal.SIGCONT)

    @abstractmethod
    def _programs(self, sources: Collection[str]) -> Iterator[Program]:
        """Yield the programs of this machine, the preferred first."""

    @abstractmethod
    def _fits(self, folder: ServerFolder, version: tuple[int, ...]) -> bool:
        """Whether a program of this version is one for the folder's data."""

    @abstractmethod
    def _refusal(self, folder: ServerFolder, versions: list[tuple[int, ...]]) -> str:
        """Say in one sentence why programs of these versions, which are all, do not fit the folder."""

    @abstractmethod
    def _start_afresh(self, folder: ServerFolder, failure: LocalServerError) -> None:
        """Do what is left when no program could start on the folder's data; else raise the first one's `failure`."""

    @abstractmethod
    def _prepare(self, folder: ServerFolder, program: Program, port: int) -> Launch:
        """Make what is missing in the folder and return how the server is run."""

    @abstractmethod
    def _answers(self, folder: ServerFolder, port: int) -> bool:
        """Say whether the server that we started serves clients now."""

    @abstractmethod
    def _url(self, folder: ServerFolder, port: int) -> str:
        """Return the URL for clients."""

    def _start(self, folder: ServerFolder) -> None:
        """Start the first program that can; each may be one that does not understand the data."""
        failures: list[LocalServerError] = []
        for program in self._usable(folder):
            try:
                self._serve(folder, program)
            except NotInTime:
                raise
            except LocalServerError as error:
                failures.append(error)
                continue
            if failures:
                self._add_notice(f"Served by {program.path}, since another could not: {failures[0]}")
            return
        self._start_afresh(folder, failures[0])  # there is one: without programs `_usable` raises

    def _add_notice(self, text: str) -> None:
        self.notice = f"{self.notice} {text}".strip()

    def _serve(self, folder: ServerFolder, program: Program) -> None:
        for tries_left in (2, 1, 0):
            port = folder.port()
            try:
                self._run(folder, self._prepare(folder, program, port), port)
            except LocalServerError:
                if tries_left and not is_free(port):  # somebody took the port between the look and the start
                    continue
                raise
            self.program, self.url = program, self._url(folder, port)
            return

    def _usable(self, folder: ServerFolder) -> Iterator[Program]:
        """Yield each program that may serve the folder, once. Raises LocalServerError when there is none."""
        seen, versions = set(), []
        fits = False
        for program in self._programs(self._sources):
            if program.path in seen:
                continue
            seen.add(program.path)
            usable = program.readable_by(folder.account, SHARED / "bin")
            version = usable.version(folder.account)
            if version >= self.minimum:
                versions.append(version)
                if self._fits(folder, version):
                    fits = True
                    yield usable
        if not versions:
            raise LocalServerError(f"No {self.name} that will do was found on this machine: {self.advice}")
        if not fits:
            raise LocalServerError(self._refusal(folder, versions))

    def _run(self, folder: ServerFolder, launch: Launch, port: int) -> None:
        if folder.log.exists() and folder.log.stat().st_size > _LOG_BYTES:
            folder.log.unlink()
        said_before = folder.log.stat().st_size if folder.log.exists() else 0
        self._end_process()
        self._process = GuardedProcess(launch, self.stop_signal, folder)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(folder, port):
            if self.pid is None:
                raise LocalServerError(f"{self.name} did not start: {self._last_words(folder.log, said_before)}")
            if time.monotonic() > deadline:
                raise NotInTime(f"{self.name} did not answer within {START_SECONDS:.0f} s; see {folder.log}.")
            time.sleep(0.01)

    def _last_words(self, log: Path, start: int) -> str:
        """Find the last line that says why, else the last one at all."""
        lines = list(filter(None, map(str.strip, log.read_bytes()[start:].decode(errors="replace").splitlines())))
        reasons = [line for line in lines if re.search(self.reason_pattern, line)]
        return f"{(reasons or lines or ['it said nothing'])[-1]} (see {log})"

    def _end_process(self) -> None:
        if self._process:
            self._process.stop()
        self._process = None

    def _let_go(self) -> None:
        if self._folder:
            self._folder.close()
        self._folder = self._process = None
