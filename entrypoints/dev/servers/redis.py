"""A private Redis (or Valkey) that keeps its data: append-only file, nothing evicted."""

import itertools
import os
import shutil
import signal
import socket
from collections.abc import Collection, Iterator
from pathlib import Path

from entrypoints.dev.servers.binaries import Program, local_redis, wheel_redis
from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.folder import ServerFolder
from entrypoints.dev.servers.process import Launch
from entrypoints.dev.servers.server import LocalServer


class LocalRedis(LocalServer):
    """A private Redis; `options` are settings as in redis.conf.

    Data that no program here can read is set aside and said to be: it holds no order.
    """

    name = "Redis"
    minimum = (7, 0)
    advice = "install Redis 7.0 or newer or Valkey, or set ORDER_ENGINE_REDIS_URL."
    stop_signal = signal.SIGTERM
    reason_pattern = "Can't|Could not|Bad |Fatal|rror"

    def _programs(self, sources: Collection[str]) -> Iterator[Program]:
        if "local" in sources:
            yield from local_redis()
        if "wheel" in sources:
            yield from wheel_redis()

    def _fits(self, folder: ServerFolder, version: tuple[int, ...]) -> bool:
        return True

    def _refusal(self, folder: ServerFolder, versions: list[tuple[int, ...]]) -> str:
        return ""

    def _start_afresh(self, folder: ServerFolder, failure: LocalServerError) -> None:
        if not folder.data.exists() or not any(folder.data.iterdir()):
            raise failure
        names = itertools.chain(["data.unreadable"], (f"data.unreadable-{number}" for number in itertools.count(2)))
        aside = next(path for name in names if not (path := folder.path / name).exists())
        folder.data.rename(aside)
        try:
            self._serve(folder, next(self._usable(folder)))
        except LocalServerError:  # then it was not the data's fault
            self._end_process()
            _remove(folder.data)
            aside.rename(folder.data)
            raise failure from None
        self._add_notice(f"Started empty: its data could not be read and is in {aside}. No order was in it.")

    def _prepare(self, folder: ServerFolder, program: Program, port: int) -> Launch:
        if not folder.data.exists():
            folder.data.mkdir()
            folder.account.give(folder.data)
        settings = {
            "dir": _quoted(os.fsencode(folder.data)),
            "requirepass": folder.password(),
            "daemonize": "no",
            "logfile": '""',
            "save": '""',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            **self.options,
        }
        config = folder.path / "redis.conf"
        folder.write_secret(config, "".join(f"{key} {value}\n" for key, value in settings.items()))
        # Read as standard input: a file's name it would take for a pattern. What keeps strangers out stands in the
        # command too, so that it holds whatever becomes of the rest.
        return Launch([str(program.path), "-", "--bind", "127.0.0.1", "--port", str(port)], config)

    def _answers(self, folder: ServerFolder, port: int) -> bool:
        """Say whether our own process serves there. Raises LocalServerError if the one there lacks our password."""
        asked = f"AUTH {folder.password()}\r\nPING\r\nINFO server\r\n"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as link, link.makefile("rb") as answers:
                link.sendall(asked.encode())
                if answers.readline() != b"+OK\r\n":
                    raise LocalServerError(f"What listens on port {port} does not know the password of {folder.path}.")
                if answers.readline() != b"+PONG\r\n":
                    return False
                about = answers.read(int(answers.readline()[1:]))
        except (OSError, ValueError):
            return False
        return f"process_id:{self.pid}\r\n".encode() in about

    def _url(self, folder: ServerFolder, port: int) -> str:
        return f"redis://:{folder.password()}@127.0.0.1:{port}/0"


def _remove(data: Path) -> None:
    """Remove what a server that failed to start may have made."""
    if data.exists():
        shutil.rmtree(data)


def _quoted(text: bytes) -> str:
    """Write any bytes as a value of redis.conf."""
    return '"' + "".join(chr(byte) if byte < 128 and chr(byte).isalnum() else f"\\x{byte:02x}" for byte in text) + '"'
