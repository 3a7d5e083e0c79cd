"""Write the snapshot of the version in pyproject.toml: `python -m tests.integration.releases`, just before its release.

Needs a Postgres on this machine with its `pg_dump`. The real store fills the tables, the real API gives the answers.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import psycopg
from attrs import asdict

from adapters.postgres.order_store import PostgresOrderStore
from domain.order import Order
from domain.status import OrderStatus
from entrypoints.dev.servers import LocalPostgres, LocalRedis
from tests.builders import START
from tests.clients import ORDER, new_engine
from tests.integration.releases import FOLDER, HELD_USER, Call
from tests.integration.releases.sample import SAMPLES, keep
from tests.processes import running
from tests.servers import reachable_folder

PYPROJECT = FOLDER.parents[2] / "pyproject.toml"
HEADER = """\
-- The tables of release {version} as its `order-engine migrate` leaves them, with orders at every point.
-- Written by `python -m tests.integration.releases`. What it answered on them is in {version}.jsonl. Never changed.

"""
# What a dump says of sessions and of itself.
NOISE = ("--", "SET ", "SELECT pg_catalog.set_config", "\\")
# Nothing may be younger than the orders say, whenever this was written; and rows come in order of age.
SETTLE = (
    "UPDATE orders SET updated_at = created_at + make_interval(secs => version)",
    "UPDATE orders SET held = true WHERE user_id = %(held)s",
    "UPDATE idempotency_keys SET created_at = %(start)s AT TIME ZONE 'UTC'",
    "UPDATE schema_migrations SET applied_at = %(start)s",
    "CLUSTER orders USING orders_pkey",
    "ALTER TABLE orders SET WITHOUT CLUSTER",
)


def main() -> int:
    """Write both files; refuse to write over any."""
    version = tomllib.loads(PYPROJECT.read_text())["project"]["version"]
    tables, answers = FOLDER / f"{version}.sql", FOLDER / f"{version}.jsonl"
    if tables.exists() or answers.exists():
        raise SystemExit(f"The snapshot of {version} is there. If that is not released yet, delete it first.")
    with (
        reachable_folder() as folder,
        LocalPostgres(folder / "postgres") as postgres,
        LocalRedis(folder / "redis") as redis,
    ):
        settings = new_engine(postgres.url, redis.url)
        orders = asyncio.run(filled(postgres.url))
        with running("api", settings=settings) as api:
            lines = asyncio.run(recorded(api.url, orders))
        tables.write_text(HEADER.format(version=version) + dumped(postgres), "utf-8")
    answers.write_text("".join(lines), "utf-8")
    return 0


async def filled(url: str) -> list[Order]:
    """Store the sample orders; return them."""
    store = PostgresOrderStore(url)
    await store.open()
    orders = [await keep(store, sample) for sample in SAMPLES]
    await store.close()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in SETTLE:
            connection.execute(statement.encode(), {"held": HELD_USER, "start": START} if "%(" in statement else None)
    return orders


async def recorded(api_url: str, orders: list[Order]) -> list[str]:
    """Have every call answered; return a line of JSON for each, its answer to the letter."""
    lines = []
    async with httpx.AsyncClient(base_url=api_url) as client:
        for call in calls(orders):
            answer = await call.made(client)
            assert answer.is_success, answer.text
            assert call.body is None or answer.headers["Idempotency-Replayed"] == "true"
            told = {name: value for name, value in asdict(call).items() if value is not None}
            lines.append(f'{{"call":{json.dumps(told, ensure_ascii=False)},"answer":{answer.text}}}\n')
    return lines


def calls(orders: list[Order]) -> list[Call]:
    """Return all reads of the orders, and again the requests that name a key or a client order id."""
    paths = [f"/api/orders/{order.order_id}" for order in orders]
    users = sorted({order.user_id for order in orders})
    lists = [{"userId": user} for user in users] + [{"status": str(status)} for status in OrderStatus] + [{}]
    paths += [f"{path}/events" for path in paths]
    paths += [f"/api/orders?{urlencode({**each, 'limit': '200'}, quote_via=quote)}" for each in lists]
    repeats = [
        Call("/api/orders/execute", {**ORDER, **sample.asked}, sample.key)
        for sample in SAMPLES
        if sample.key or "clientOrderId" in sample.asked
    ]
    return [*map(Call, paths), *repeats]


def dumped(postgres: LocalPostgres) -> str:
    """Return the database as plain SQL."""
    assert postgres.program is not None
    beside = postgres.program.path.with_name("pg_dump")
    program = beside if beside.exists() else Path(shutil.which("pg_dump") or "pg_dump")
    options = ("--no-owner", "--no-privileges", "--column-inserts", "--rows-per-insert=1000")
    command = [str(program), *options, f"--dbname={postgres.url}"]
    dump = subprocess.run(command, env={**os.environ, "PGTZ": "UTC"}, capture_output=True, text=True, check=True).stdout
    kept = "\n".join(line for line in dump.splitlines() if not line.startswith(NOISE))
    return re.sub("\n{3,}", "\n\n", kept).strip() + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
