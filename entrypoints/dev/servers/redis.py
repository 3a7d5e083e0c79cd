"""A private Redis (or Valkey) that keeps its data: append-only file, nothing evicted."""

import signal
import socket
from collections.abc import Collection, Iterator

from entrypoints.dev.servers.binaries import Program, local_redis, wheel_redis
from entrypoints.dev.servers.folder import ServerFolder
from entrypoints.dev.servers.server import LocalServer


class LocalRedis(LocalServer):
    """A private Redis; `options` are settings as in redis.conf."""

    name = "Redis"
    minimum = (6, 2)
    advice = "install Redis 6.2 or newer or Valkey, or set ORDER_ENGINE_REDIS_URL."
    stop_signal = signal.SIGTERM
    reason_pattern = "Can't|Could not|Bad "

    def _programs(self, sources: Collection[str]) -> Iterator[Program]:
        if "local" in sources:
            yield from local_redis()
        if "wheel" in sources:
            yield from wheel_redis()

    def _refuses(self, folder: ServerFolder, version: tuple[int, ...]) -> str:
        return ""

    def _prepare(self, folder: ServerFolder, program: Program, port: int) -> list[str]:
        if not folder.data.exists():
            folder.data.mkdir()
            folder.account.give(folder.data)
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": _quoted(str(folder.data)),
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
        return [str(program.path), str(config)]

    def _answers(self, folder: ServerFolder, port: int) -> bool:
        asked = f"AUTH {folder.password()}\r\nPING\r\n"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as link, link.makefile("rb") as answers:
                link.sendall(asked.encode())
                return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def _url(self, folder: ServerFolder, port: int) -> str:
        return f"redis://:{folder.password()}@127.0.0.1:{port}/0"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
