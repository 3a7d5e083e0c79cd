"""Run the checker: `python -m tests.chaos --seed 1 --seconds 60`. Exit code 1 when a promise was broken."""

import argparse
import asyncio
import random
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from rich.console import Console

from tests.chaos.clocks import installed
from tests.chaos.evidence import gathered, open_orders, webhooks_are_sent
from tests.chaos.fleet import Fleet
from tests.chaos.load import Client
from tests.chaos.mischief import Mischief
from tests.chaos.mock_world import MockWorld
from tests.chaos.plan import plan
from tests.chaos.report import failures, summary
from tests.chaos.solana_world import SolanaWorld
from tests.chaos.verdict import violations
from tests.chaos.world import World
from tests.servers import new_reachable_folder

# After the last harm an order may still have all its attempts before it, each until its transaction is dead.
SETTLE_SECONDS = 75.0
LAST_SOCKETS_SECONDS = 10.0
POLL_SECONDS = 0.2
WORLDS: Mapping[str, Callable[[Path, int], World]] = {"mock": MockWorld, "solana": SolanaWorld}


async def run(fleet: Fleet, seconds: float, console: Console) -> bool:
    """Run the fleet under load and mischief, then judge; True when every promise was kept."""
    if this := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # so that nothing outlives us
    try:
        await fleet.start()
        clients = [Client(f"client-{n}", fleet, random.Random(f"{fleet.seed}:{n}")) for n in range(fleet.world.clients)]  # noqa: S311
        mischief = Mischief(fleet)
        settled_after = await _lived_through(fleet, clients, mischief, seconds)
        await fleet.world.settle(fleet.processes["simulator"].url)
        evidence = await gathered(fleet, clients)
    finally:
        await fleet.stop()
    broken = violations(evidence, fleet)
    console.print(summary(fleet, evidence, mischief.done, settled_after))
    failures(console, fleet, evidence, broken)
    return not broken


async def _lived_through(fleet: Fleet, clients: list[Client], mischief: Mischief, seconds: float) -> float:
    """Load and harm the fleet, then let it settle; return how many seconds that took once nothing was harmed."""
    async with asyncio.TaskGroup() as group:
        receiving = group.create_task(fleet.receiver.run())
        asking = [group.create_task(client.run(seconds, group)) for client in clients]
        await mischief.run(plan(fleet.seed, seconds, fleet.world.harms))
        calm_since = fleet.now()
        fleet.receiver.calm.set()
        await fleet.ready()
        await asyncio.wait(asking, timeout=SETTLE_SECONDS)
        await _until(lambda: _is_settled(fleet), SETTLE_SECONDS)
        settled_after = fleet.now() - calm_since
        following = [task for client in clients for task in client.following]
        if following:
            await asyncio.wait(following, timeout=LAST_SOCKETS_SECONDS)
        for task in (*asking, *following, receiving):
            task.cancel()
    return settled_after


async def _is_settled(fleet: Fleet) -> bool:
    return not await open_orders(fleet) and not fleet.world.is_moving() and await webhooks_are_sent(fleet)


async def _until(true: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait for it, or for so long; the verdict says what came of it."""
    deadline = time.monotonic() + seconds
    while not await true():
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(POLL_SECONDS)


def main() -> int:
    """Read the arguments, run, and keep the data and logs of a run that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--world", choices=WORLDS, default="mock", help="where the fleet trades")
    parser.add_argument("--faketime", type=Path, default=installed(), help="libfaketime.so.1, to set clocks wrong")
    options = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"chaos: {options.world}, seed {options.seed}, {options.seconds:g} s")
    folder = new_reachable_folder()
    world = WORLDS[options.world](folder / "ledger.sqlite", options.seed)
    fleet, kept = Fleet.in_folder(folder, options.seed, world, options.faketime), False
    try:
        kept = asyncio.run(run(fleet, options.seconds, console))
    finally:
        if kept:
            shutil.rmtree(folder)
        else:
            console.print(f"seed {options.seed} FAILED; data and logs are in {folder}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
