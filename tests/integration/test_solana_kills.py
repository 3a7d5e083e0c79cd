"""A worker is killed at each moment of a real swap: another one ends the order, and the wallet has paid once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import define, frozen
from solders.keypair import Keypair

from adapters.wallet.key_signer import KeySigner
from domain.order import Order
from domain.status import OrderStatus
from simulators.solana.chain import Chain
from simulators.solana.gifts import Gift
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.tokens import SOL, USDC
from tests.builders import an_order
from tests.eventually import eventually
from tests.integration.test_operator_commands import Bench, bench
from tests.processes import EngineProcess, running
from tests.signing_machine import TOKEN, SigningMachine
from tests.solana import ONE_SOL, solana_in_loop

__all__ = ["bench"]
pytestmark = pytest.mark.timeout(120)

SLOT_MS = 40
Arrange = Callable[[Chain, "Killer", pytest.MonkeyPatch], None]


@define
class Killer:
    """Kills the worker that it is given, once, when its moment comes."""

    worker: EngineProcess | None = None
    killed: bool = False

    def __call__(self) -> None:
        if self.worker is not None and not self.killed:
            self.killed = True
            self.worker.kill()


@define
class KillingSigner:
    """A signer; if it has a `moment`, that comes after its signature, before anybody has it."""

    signer: KeySigner
    moment: Killer | None = None

    @property
    def public_key(self) -> str:
        return self.signer.public_key

    async def sign(self, message: bytes) -> bytes:
        signature = await self.signer.sign(message)
        if self.moment is not None:
            self.moment()
        return signature


@frozen
class World:
    """A chain, a wallet behind a remote signer, and the settings of an engine that swaps there."""

    simulator: SimulatedSolana
    signer: KillingSigner
    killer: Killer
    settings: dict[str, str]


def asked(method: str, done: Callable[[Any], bool] | None = None) -> Arrange:
    """Have the moment come when the chain is asked so: before it does anything, or once its answer is such."""

    def arrange(chain: Chain, killer: Killer, patch: pytest.MonkeyPatch) -> None:
        plain = getattr(chain, method)

        def killing(*arguments: Any, **named: Any) -> Any:
            if done is None:
                killer()
            outcome = plain(*arguments, **named)
            if done is not None and done(outcome):
                killer()
            return outcome

        patch.setattr(chain, method, killing)

    return arrange


MOMENTS: dict[str, Arrange | None] = {
    "judging": asked("simulate"),
    "signing": None,
    "sending": asked("receive"),
    "sent": asked("receive", lambda _: True),
    "landed": asked("landed", lambda found: found is not None),
    "confirming": asked("entry"),
}


@pytest.fixture
async def world(bench: Bench, tmp_path: Path) -> AsyncIterator[World]:
    own, killer = Keypair(), Killer()
    signer = KillingSigner(KeySigner(bytes(own)[:32]))
    machine = SigningMachine({signer.public_key: signer})
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    async with AsyncExitStack() as stack:
        url, simulator = await stack.enter_async_context(solana_in_loop(tmp_path, slot_ms=SLOT_MS))
        await stack.enter_async_context(machine.running())
        simulator.chain.give(Gift(own.pubkey(), None, 100 * ONE_SOL))
        settings = {
            **bench.settings,
            "VENUES": f"Raydium=raydium:{url}/raydium,Meteora=jupiter:{url}/jupiter/swap/v2?dex=Meteora+DLMM",
            "SOLANA_RPC_URLS": f"{url}/rpc/a,{url}/rpc/b",
            "TOKEN_LIST": "solana-mainnet",
            "SOLANA_WALLET": machine.place_of(signer),
            "SOLANA_SIGNER_TOKEN_FILE": str(token),
            "SOLANA_SLIPPAGE_BPS": "300",
            "LEASE_SECONDS": "2",
            "RECOVERY_SECONDS": "1",
        }
        yield World(simulator, signer, killer, settings)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_worker_that_is_killed_leaves_an_order_that_is_swapped_once(
    bench: Bench, world: World, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    arrange = MOMENTS[moment]
    if arrange is None:
        world.signer.moment = world.killer
    else:
        arrange(world.simulator.chain, world.killer, monkeypatch)
    order = an_order(inputToken=str(SOL.mint), outputToken=str(USDC.mint), amount="1", userId="anna")
    await bench.store.add(order)

    async def final() -> Order | None:
        latest = await bench.latest(order)
        return latest if latest.status.is_final else None

    async with AsyncExitStack() as stack:
        world.killer.worker = await asyncio.to_thread(stack.enter_context, running("worker", settings=world.settings))
        await bench.queue.put([order.order_id])
        await eventually(lambda: world.killer.killed, within=30)
        await asyncio.to_thread(stack.enter_context, running("worker", settings=world.settings))
        latest = await eventually(final, within=60)
    assert latest
    assert latest.status is OrderStatus.CONFIRMED
    landed = [entry for _, entry in world.simulator.ledger.entries(0, 100) if entry.state == "landed"]
    assert [entry.signature for entry in landed] == [latest.tx_hash]
