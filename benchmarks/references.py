"""What is measured beside the engine in the same run, so that a busy or slow machine counts against both."""

import asyncio
import re
import time
from collections.abc import Sequence

from attrs import frozen
from psycopg import AsyncConnection
from redis.asyncio import Redis

from benchmarks.options import Options
from benchmarks.rig import Rig

PGBENCH_CLIENTS = 32

# The columns of `orders` that the specification names, with their keys.
_TABLE = """
CREATE TABLE IF NOT EXISTS reference_orders (
    id SERIAL PRIMARY KEY, order_id VARCHAR(255) UNIQUE NOT NULL, user_id VARCHAR(255) NOT NULL,
    input_token VARCHAR(50) NOT NULL, output_token VARCHAR(50) NOT NULL, amount DECIMAL(18,8) NOT NULL,
    status VARCHAR(20) NOT NULL, execution_price DECIMAL(18,8), tx_hash VARCHAR(255), logs TEXT[],
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""
_INSERT = """
INSERT INTO reference_orders (order_id, user_id, input_token, output_token, amount, status, logs)
VALUES (gen_random_uuid()::text, 'user' || {user}, 'SOL', 'USDC', {amount}, 'pending', '{{}}')
"""
_SCRIPT = "\\set user random(1, 300)\n\\set amount random(1, 100000)\n" + " ".join(
    _INSERT.format(user=":user", amount=":amount").split()
)


@frozen
class Inserts:
    """How many single-row inserts a second, each a commit of its own, and what made them."""

    per_second: float
    tool: str


@frozen
class RoundTrips:
    """How long a call and its answer take, one at a time."""

    p50_ms: float
    p99_ms: float


async def pgbench(rig: Rig, options: Options) -> Inserts:
    """Insert single rows into a table like `orders` over 32 connections, on the rig's own server.

    pgbench is the one beside the server's program; where there is none psycopg does it, which is much slower.
    """
    await rig.sql(_TABLE)
    await rig.sql("TRUNCATE reference_orders RESTART IDENTITY")
    await rig.sql("CHECKPOINT")
    program = rig.postgres.program.path.with_name("pgbench") if rig.postgres.program else None
    if program is None or not program.exists():
        return await _inserts_of_psycopg(rig.postgres_url, options.seconds)
    script = rig.folder / "insert.sql"
    script.write_text(_SCRIPT + ";\n")
    process = await asyncio.create_subprocess_exec(
        program,
        *("--no-vacuum", "--protocol=prepared", f"--client={PGBENCH_CLIENTS}", "--jobs=2"),
        *(f"--time={max(1, round(options.seconds))}", f"--file={script}", rig.postgres_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not (found := re.search(rb"^tps = ([0-9.]+)", said, re.MULTILINE)):
        raise RuntimeError(f"pgbench: {errors.decode(errors='replace')[-1000:]}")
    return Inserts(float(found[1]), "pgbench")


async def redis_round_trip(url: str, count: int = 2000) -> RoundTrips:
    """Ping the Redis so many times, one after the other, over one connection."""
    times = []
    async with Redis.from_url(url) as redis:
        await redis.ping()
        for _ in range(count):
            since = time.perf_counter()
            await redis.ping()
            times.append(1000 * (time.perf_counter() - since))
    return RoundTrips(percentile(times, 50), percentile(times, 99))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of the values do not exceed; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


async def _inserts_of_psycopg(url: str, seconds: float) -> Inserts:
    until = time.monotonic() + seconds

    async def insert() -> int:
        count = 0
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            while time.monotonic() < until:
                await connection.execute(_INSERT.format(user="1", amount="%s"), (count,), prepare=True)
                count += 1
        return count

    counts = await asyncio.gather(*(insert() for _ in range(PGBENCH_CLIENTS)))
    return Inserts(sum(counts) / seconds, "psycopg")
