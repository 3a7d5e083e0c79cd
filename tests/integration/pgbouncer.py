"""A PgBouncer before a test's Postgres, where one is installed."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from entrypoints.dev.servers.account import Account
from tests import servers
from tests.eventually import eventually

needs_pgbouncer = pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed here")

_SETTINGS = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = options
{more}
"""


@asynccontextmanager
async def running_pgbouncer(server_url: str, mode: str, **more: str) -> AsyncIterator[str]:
    """Give `server_url` by way of a PgBouncer, which drops all options that a client asks for."""
    server = urlsplit(server_url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = server._replace(netloc=f"{server.username}@127.0.0.1:{port}").geturl()

    def answers() -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return True
        return False

    with servers.reachable_folder() as folder:
        file = folder / "pgbouncer.ini"
        file.write_text(
            _SETTINGS.format(
                host=server.hostname,
                port=server.port,
                user=server.username,
                password=server.password,
                own_port=port,
                mode=mode,
                more="\n".join(f"{name} = {value}" for name, value in more.items()),
            )
        )
        process = _started(file)
        try:
            await eventually(answers)
            yield url
        finally:
            process.kill()
            process.wait()


def _started(file: Path) -> subprocess.Popen[bytes]:
    command = [shutil.which("pgbouncer") or "", "-q", str(file)]
    account = Account.for_data(file.with_name("data"))
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **account.drop())
