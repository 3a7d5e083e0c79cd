"""`order-engine doctor --venues` before the simulated chain and its two venues."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve, frozen
from solders.pubkey import Pubkey

from entrypoints.container.doctor import Finding, Health, doctor_of
from entrypoints.settings import Settings
from simulators.solana.gifts import Gift
from simulators.solana.simulator import SimulatedSolana
from tests.solana import ONE_SOL, solana_in_loop
from tests.wallets import a_signer, key_file

WALLET = a_signer().public_key


@frozen
class Bench:
    settings: Settings
    simulated: SimulatedSolana

    async def looked(self, **over: object) -> dict[str, Finding]:
        async with doctor_of(evolve(self.settings, **over)) as doctor:  # type: ignore[arg-type]
            return {finding.what.replace(WALLET, "W"): finding async for finding in doctor.findings()}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with solana_in_loop(tmp_path, slot_ms=400) as (url, simulated):
        settings = Settings(
            venues=(
                ("Raydium", f"raydium:{url}/raydium"),
                ("Meteora", f"jupiter:{url}/jupiter/swap/v2?dex=Meteora+DLMM"),
            ),
            solana_rpc_urls=(f"{url}/rpc/a", f"{url}/rpc/b"),
            solana_wallet=str(key_file(tmp_path)),
            token_list=Path("solana-mainnet"),
        )
        yield Bench(settings, simulated)


async def test_all_is_well_with_a_wallet_that_has_something(bench: Bench) -> None:
    bench.simulated.chain.give(Gift(Pubkey.from_string(WALLET), None, ONE_SOL))
    found = await bench.looked()
    assert {name for name, finding in found.items() if finding.health is Health.WRONG} == set()
    assert found["wallet W"].text == "it has 1 SOL"
    assert found["wallet W: signer"].text == "signs"
    assert {name for name in found if name.startswith("venue ")} == {"venue Raydium", "venue Meteora"}
    for venue in ("Raydium", "Meteora"):
        assert found[f"venue {venue}"].health is Health.OK, found[f"venue {venue}"]
        assert found[f"venue {venue}"].text.endswith("its build was judged fit to be signed")
    assert bench.simulated.ledger.counts() == {}


async def test_an_empty_wallet_a_node_that_is_away_and_a_wrong_list_are_found(bench: Bench, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    address = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    tokens.write_text(f'{{"tokens":[{{"chainId":101,"address":"{address}","symbol":"USDC","decimals":9}}]}}')
    away = (bench.settings.solana_rpc_urls[0], "http://127.0.0.1:9/rpc")
    found = await bench.looked(token_list=tokens, solana_rpc_urls=away)
    wrong = {name for name, finding in found.items() if finding.health is Health.WRONG}
    assert wrong == {"node 2", "token list: USDC", "wallet W", "venue Raydium", "venue Meteora"}
    assert found["wallet W"].text == "it is empty: not even a fee can be paid"
