"""The checker on a chain: it sees what is right, and each thing that is not."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair

from domain.transaction import TransactionStatus
from simulators.solana.gifts import Gift
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.tokens import SOL
from tests.chaos.solana_world import FUNDED, SolanaWorld
from tests.chaos.world import Swap
from tests.solana import SlotClock, payment, signed, solana, swap

Row = dict[str, Any]


@pytest.fixture
def world(tmp_path: Path) -> SolanaWorld:
    return SolanaWorld(tmp_path / "chain.sqlite", 1)


@pytest.fixture
def key(world: SolanaWorld) -> Keypair:
    world.trading("http://localhost:1")
    return Keypair.from_json(world.ledger.with_name("wallet-0.json").read_text())


@pytest.fixture
def clock() -> SlotClock:
    return SlotClock()


@pytest.fixture
def running(tmp_path: Path, world: SolanaWorld, clock: SlotClock) -> Iterator[SimulatedSolana]:
    with solana(tmp_path, clock) as running:
        for wallet, (token, amount) in product(world.wallets, FUNDED.items()):
            running.chain.give(Gift(wallet, None if token is SOL else token.mint, amount))
        yield running


def swapped(running: SimulatedSolana, clock: SlotClock, key: Keypair, world: SolanaWorld) -> tuple[Swap, Row]:
    """Land one swap; return it, and the execution that an engine would have of it."""
    sent = swap(running, key)
    running.chain.receive(sent)
    clock.move(10)
    running.chain.advance()
    [(_, landed)] = world.swaps({"one": [json.dumps({"txHash": str(sent.signature)})]})
    entry, moved = landed.entry
    execution = {
        "input_token": "SOL",
        "output_token": "USDC",
        "finality": "finalized",
        "amount_in": Decimal(1),
        "amount_out": Decimal(moved.by_mint[str(next(t.mint for t in FUNDED if t.symbol == "USDC"))]).scaleb(-6),
        "network_fee": Decimal(entry["fee"]).scaleb(-9),
        "slot": entry["slot"],
    }
    return landed, execution


def test_a_swap_as_it_landed_is_right(
    running: SimulatedSolana, clock: SlotClock, key: Keypair, world: SolanaWorld
) -> None:
    landed, execution = swapped(running, clock, key, world)
    assert landed.status is TransactionStatus.LANDED
    assert list(world.contradictions({"tx_hash": landed.tx_hash}, [landed], execution)) == []
    assert list(world.totals([execution])) == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount_in": Decimal("1.000000001")},
        {"amount_out": Decimal(150)},
        {"network_fee": Decimal(0)},
        {"slot": 1},
        {"finality": "confirmed"},
        {"finality": "undone"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_execution_that_differs_from_the_chain_is_seen(
    running: SimulatedSolana, clock: SlotClock, key: Keypair, world: SolanaWorld, change: Row
) -> None:
    landed, execution = swapped(running, clock, key, world)
    assert list(world.contradictions({"tx_hash": landed.tx_hash}, [landed], execution | change))


def test_a_swap_that_no_execution_tells_of_is_missed_in_the_wallet(
    running: SimulatedSolana, clock: SlotClock, key: Keypair, world: SolanaWorld
) -> None:
    swapped(running, clock, key, world)
    [said] = world.totals([])
    assert said.startswith("the wallets have")


def test_a_signature_of_no_order_is_nobodys(
    running: SimulatedSolana, clock: SlotClock, key: Keypair, world: SolanaWorld
) -> None:
    theft = signed(running.chain, key, [payment(key, Keypair().pubkey(), 10**6)])
    running.chain.receive(theft)
    clock.move(10)
    running.chain.advance()
    [(order_id, _)] = world.swaps({"one": []})
    assert str(theft.signature) in order_id
    assert list(world.totals([]))
