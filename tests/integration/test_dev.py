"""`order-engine dev`: everything in one process, and nothing left behind."""

import json
import os
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from entrypoints.dev.servers import LocalPostgres
from tests.builders import an_order
from tests.eventually import eventually
from tests.processes import EngineProcess, command_lines, finished, running

ORDER = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


async def confirmed(engine: EngineProcess, order_id: str) -> dict[str, Any]:
    def final() -> dict[str, Any]:
        order = call(f"{engine.url}/api/orders/{order_id}")
        return order if order["status"] in ("confirmed", "failed") else {}

    return await eventually(final, within=20)


def processes_under(folder: Path) -> list[str]:
    """List the command lines that name this folder: its servers'."""
    return [line for line in command_lines() if str(folder) in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_it_runs_an_order_and_ends_everything_within_5_seconds(server_dir: Path, number: signal.Signals) -> None:
    with running("dev", settings={"DATA_DIR": str(server_dir)}) as engine:
        order_id = call(f"{engine.url}/api/orders/execute", ORDER)["orderId"]
        assert (await confirmed(engine, order_id))["status"] == "confirmed"
        assert len(processes_under(server_dir)) >= 2
        started = time.monotonic()
        engine.process.send_signal(number)
        assert engine.process.wait(10) == 0
        assert time.monotonic() - started < 5
        assert processes_under(server_dir) == []


async def test_killed_it_leaves_no_server_and_started_again_it_finds_its_orders(server_dir: Path) -> None:
    settings = {"DATA_DIR": str(server_dir), "MOCK_FAILURE_RATE": "0", "LEASE_SECONDS": "1", "RECOVERY_SECONDS": "1"}
    with running("dev", settings=settings) as engine:
        done = call(f"{engine.url}/api/orders/execute", ORDER)["orderId"]
        before = await confirmed(engine, done)
        in_flight = call(f"{engine.url}/api/orders/execute", ORDER)["orderId"]
        engine.kill()
        await eventually(lambda: processes_under(server_dir) == [])
    with running("dev", settings=settings) as engine:
        assert call(f"{engine.url}/api/orders/{done}") == before
        assert (await confirmed(engine, in_flight))["status"] == "confirmed"


def test_whatever_the_folders_name_the_banner_has_it(server_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = server_dir / "a[" / "b] :x: [red]"
    with running("dev", settings={"DATA_DIR": str(folder)}):
        assert f"Redis      private, its data in {folder}/redis\n" in capfd.readouterr().out


async def test_in_memory_it_needs_no_server(server_dir: Path) -> None:
    with running("dev", "--memory", settings={"DATA_DIR": str(server_dir)}) as engine:
        order_id = call(f"{engine.url}/api/orders/execute", ORDER)["orderId"]
        assert (await confirmed(engine, order_id))["status"] == "confirmed"
        assert os.listdir(server_dir) == []


def test_trouble_at_the_start_is_one_clear_sentence(server_dir: Path) -> None:
    with running("dev", "--memory") as engine:
        port = engine.url.rpartition(":")[2]
        ended = finished("dev", "--memory", settings={"PORT": port})
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
        assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr
    (server_dir / "file").touch()
    ended = finished("dev", settings={"PORT": "0", "DATA_DIR": str(server_dir / "file")})
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("server", ["postgres", "redis"])
async def test_a_private_server_that_is_killed_is_started_again(server_dir: Path, server: str) -> None:
    settings = {"DATA_DIR": str(server_dir), "MOCK_FAILURE_RATE": "0", "RECOVERY_SECONDS": "1"}
    with running("dev", settings=settings) as engine:
        for _ in range(2):
            os.kill(pid_of(server_dir, server), signal.SIGKILL)
            order_id = await eventually(lambda: accepted(engine), within=30)
            await eventually(lambda: is_confirmed(engine, order_id), within=30)  # noqa: B023 - it is called at once


def pid_of(data_dir: Path, server: str) -> int:
    """Find a private server's process by its port."""
    port = (data_dir / server / "port").read_text()
    return next(
        int(file.parent.name)
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if f"port={port}" in (line := cmdline(file)) or f"127.0.0.1:{port}" in line
    )


def cmdline(file: Path) -> str:
    """Return a process's command line; empty for one that guards a server, or is gone."""
    try:
        line = file.read_text(errors="replace")
    except OSError:
        return ""
    return "" if "guard.py" in line else line


def accepted(engine: EngineProcess) -> str:
    try:
        return str(call(f"{engine.url}/api/orders/execute", ORDER)["orderId"])
    except OSError:
        return ""


def is_confirmed(engine: EngineProcess, order_id: str) -> bool:
    try:
        return bool(call(f"{engine.url}/api/orders/{order_id}")["status"] == "confirmed")
    except OSError:
        return False


ROLES = """
SELECT DISTINCT a.usename, r.rolsuper FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.rolname = a.usename
WHERE a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
"""


async def test_it_is_no_superuser_also_on_data_that_a_superuser_made_before(
    server_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with LocalPostgres(server_dir / "postgres") as before:
        await Migrator(before.url).apply()
        store = PostgresOrderStore(before.url)
        await store.open()
        order = an_order()
        await store.add(order)
        await store.close()
    settings = {"DATA_DIR": str(server_dir)}
    with running("dev", settings=settings) as engine:
        assert (await confirmed(engine, order.order_id))["status"] == "confirmed"
        port = (server_dir / "postgres" / "port").read_text()
        password = (server_dir / "postgres" / "password").read_text()
        with psycopg.connect(f"postgresql://order_engine:{password}@127.0.0.1:{port}/postgres") as connection:
            assert connection.execute(ROLES).fetchall() == [("order_engine_dev", False)]
    assert "superuser" not in capfd.readouterr().err
