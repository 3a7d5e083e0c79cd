"""The list of benchmarks: each is a module of this folder with `async def run(options: Options) -> Report`."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module

from benchmarks.options import Options
from benchmarks.report import Report

Run = Callable[[Options], Awaitable[Report]]

BENCHMARKS: Mapping[str, str] = {
    "accept": "durable insert and enqueue, 64 connections, 1 API; beside the same in memory, and row by row",
    "credentials": "accept with an API key, and with a JWT; beside accept without log-in",
    "end_to_end": "accept and finish at once, mock delays 0, 1 API and 1 worker; beside pgbench",
    "drain": "100,000 queued orders, mock delays 0, 1 worker; beside pgbench",
    "real_delays": "mock delays as they are (3.2 s), 4,000 orders at once, 1 worker; beside the ideal",
    "real_signing": "swaps judged, signed and confirmed on the Solana simulator, 1 worker; beside the mock",
    "pick_up": "POST sent to first routing message, idle engine; beside a Redis round trip",
    "fan_out": "1,000 sockets, 5,000 and 10,000 frames/s, 1 API; beside a bare subscriber",
    "idle_sockets": "memory of 10,000 idle sockets, 1 API; beside a bare echo app",
    "scaling": "1, 2 and 4 workers, and an API of 1, 2 and 4 processes; beside one",
    "growth": "accept, end to end, list and get beside 1 and 5 million finished orders; beside the empty table",
    "tracing": "accept and finish at once with one order in ten traced; beside the same without",
    "soak": "minutes at half of capacity, 1 API and 1 worker; beside its own first minute",
}

# These take many minutes, or are for few, and run only when they are named.
LONG = frozenset({"growth", "soak", "tracing"})


def benchmark(name: str) -> Run:
    """Return what runs the benchmark; only its own module is imported."""
    run: Run = import_module(f"benchmarks.{name}").run
    return run
