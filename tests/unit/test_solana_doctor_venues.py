"""The doctor tries a small swap at a venue, up to the signature."""

import pytest
from solders.account import Account

from adapters.solana.doctor.finding import Health
from adapters.solana.doctor.venues import PAIR, NotSigned, venue_finding
from adapters.solana.judge.programs import SYSTEM
from application.ports.errors import SignerUnavailable
from entrypoints.container.doctor import Reader, Readers
from entrypoints.system import RandomIds
from simulators.solana.faults import Fault
from tests.clock import ManualClock
from tests.judged import WALLET
from tests.unit.test_solana_venue import VENUES, Bench, bench

READER = Reader(str(WALLET))


async def tried(made: Bench, pair: tuple[str, str] = PAIR) -> tuple[Health, str]:
    found = await venue_finding(made.venue, "anyone", pair, ManualClock(), RandomIds())
    assert found.what == "venue Meteora"
    assert made.delivered.sent == []
    return found.health, found.text


@pytest.mark.parametrize("venue", VENUES)
async def test_a_swap_that_could_be_signed_is_well_and_is_not_signed(venue: str) -> None:
    async with bench(venue, signer=READER) as made:
        health, text = await tried(made)
    assert health is Health.OK
    assert text.startswith("offers 1")
    assert text.endswith(" USDC for one SOL; its build was judged fit to be signed")


@pytest.mark.parametrize("fault", [Fault.DRAINED, Fault.FOREIGN_FEE_PAYER])
async def test_a_venue_that_builds_what_nobody_may_sign_is_wrong(fault: Fault) -> None:
    async with bench("jupiter", fault, signer=READER) as made:
        health, text = await tried(made)
    assert health is Health.WRONG
    assert "; not built: " in text


async def test_a_wallet_that_is_too_poor_is_not_the_venues_fault() -> None:
    async with bench(signer=READER) as made:
        made.node.svm.set_account(WALLET, Account(10**6, b"", SYSTEM))
        health, text = await tried(made)
    assert health is Health.WARNING
    assert "not built: the wallet has 1000000 of" in text


async def test_a_venue_that_offers_nothing_is_wrong() -> None:
    async with bench("jupiter", Fault.LIMITED, signer=READER) as made:
        health, text = await tried(made)
    assert (health, text) == (Health.WRONG, "makes no offer: answered 429")
    async with bench(signer=READER) as made:
        health, text = await tried(made, ("SOL", "SLO"))
    assert health is Health.WRONG
    assert text.startswith("makes no offer: cannot swap that: SLO is no symbol or address")


async def test_a_signer_that_is_away_would_be_told_apart() -> None:
    with pytest.raises(NotSigned):
        await READER.sign(b"")
    readers = Readers({"anna": "A"}, None)
    assert readers.of("anna").public_key == "A"
    assert readers.named("A").public_key == "A"
    with pytest.raises(SignerUnavailable, match="no wallet pays for bert"):
        readers.of("bert")
