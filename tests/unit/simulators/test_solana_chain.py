"""The Solana simulator's chain: what lands once, what can never land, what a fork undoes, and what a kill leaves."""

import struct
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from simulators.solana.app import totals_of
from simulators.solana.decoding import Decoded, decoded
from simulators.solana.faults import Fault, Faults
from simulators.solana.gifts import Gift
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.slots import FINALIZED_AFTER, LAST_VALID, Slots
from simulators.solana.token_accounts import holding
from simulators.solana.tokens import USDC
from tests.solana import ONE_SOL, SlotClock, funded, payment, signed, solana, swap

FEE = 5_000
RENT = 2_039_280


def lamports(running: SimulatedSolana, key: Pubkey) -> int:
    account = running.chain.account(key, running.chain.tip)
    return account.lamports if account else 0


def usdc(running: SimulatedSolana, owner: Pubkey) -> int:
    account = running.chain.account(get_associated_token_address(owner, USDC.mint), running.chain.tip)
    held = holding(account)
    return held.amount if held else 0


def conserved(running: SimulatedSolana) -> bool:
    return all(each["made"] == each["held"] + each.get("fees", 0) for each in totals_of(running.ledger).values())


def landed(running: SimulatedSolana, clock: SlotClock, transaction: Decoded, fault: Fault | None = None) -> str:
    running.chain.advance()
    running.chain.receive(transaction, fault)
    clock.move(3)
    running.chain.advance()
    return str(transaction.signature)


def test_a_swap_lands_once_and_moves_what_it_says(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own = funded(running.chain)
        sent = swap(running, own)
        signature = landed(running, clock, sent)
        landed(running, clock, sent)
        found = running.chain.landed(signature)
        assert found
        assert found.meta["err"] is None
        assert lamports(running, own.pubkey()) == 9 * ONE_SOL - FEE - RENT
        got = usdc(running, own.pubkey())
        [told] = [each for each in found.meta["postTokenBalances"] if each["owner"] == str(own.pubkey())]
        assert int(told["uiTokenAmount"]["amount"]) == got > 0
        before, after = found.meta["preBalances"][0], found.meta["postBalances"][0]
        assert before - after == ONE_SOL + FEE + RENT
        entry = running.chain.entry(signature)
        assert entry
        assert (entry.state, entry.landings, entry.deliveries, entry.fee) == ("landed", 1, 2, FEE)
        assert conserved(running)


def test_the_log_reads_as_if_the_program_had_run(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        found = running.chain.landed(landed(running, clock, swap(running, funded(running.chain))))
        assert found
        log = found.meta["logMessages"]
        start = log.index("Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 invoke [1]")
        assert log[start + 1].endswith("invoke [2]")
        assert "Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 success" in log[start:]


def test_a_swap_below_its_limit_fails_in_its_block_and_costs_its_fee_alone(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own = funded(running.chain)
        sent = swap(running, own, quoted=10**12)
        found = running.chain.landed(landed(running, clock, sent))
        place = next(at for at, each in enumerate(sent.instructions) if str(each.program_id).startswith("JUP6"))
        assert found
        assert found.meta["err"] == {"InstructionError": [place, {"Custom": 6001}]}
        assert any("SlippageToleranceExceeded" in line for line in found.meta["logMessages"])
        assert lamports(running, own.pubkey()) == 10 * ONE_SOL - FEE
        assert conserved(running)


def test_who_cannot_pay_the_fee_is_in_no_block(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        poor = funded(running.chain, FEE - 1)
        for own in (poor, Keypair()):
            sent = signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
            assert running.chain.landed(landed(running, clock, sent)) is None
        assert lamports(running, poor.pubkey()) == FEE - 1
        assert conserved(running)


@pytest.mark.parametrize(("blocks", "lands"), [(LAST_VALID - 1, True), (LAST_VALID, False)])
def test_a_blockhash_is_taken_for_151_blocks(blocks: int, lands: bool, tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own = funded(running.chain)
        sent = signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
        slots, made_at = running.chain.slots, running.chain.slots.block(running.chain.tip)
        while slots.height(running.chain.advance()) < slots.height(made_at) + blocks:
            clock.move(1)
        signature = landed(running, clock, sent)
        found = running.chain.landed(signature)
        assert (found is not None) is lands
        if found:
            assert slots.height(found.slot) == slots.last_valid_height(made_at)


def test_a_height_counts_blocks_and_falls_behind_its_slot() -> None:
    slots = Slots(7)
    heights = [slots.height(at) for at in range(slots.first, slots.first + 200)]
    blocks = [at for at in range(slots.first + 1, slots.first + 200) if slots.block(at) == at]
    assert [slots.height(at) for at in blocks] == list(range(heights[0] + 1, heights[0] + 1 + len(blocks)))
    assert len(blocks) < 199


def test_a_dropped_one_lands_when_it_is_sent_again(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own = funded(running.chain)
        sent = signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
        assert running.chain.landed(landed(running, clock, sent, Fault.DROPPED)) is None
        assert running.chain.landed(landed(running, clock, sent)) is not None


@pytest.mark.parametrize("seed", range(4))
def test_a_fork_undoes_a_confirmed_swap_and_all_after_it(seed: int, tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock, seed=seed, faults=Faults(seed, 0, ())) as running:
        own, other = funded(running.chain), funded(running.chain)
        sent, next_one = swap(running, own), signed(running.chain, other, [payment(other, own.pubkey(), ONE_SOL)])
        signature = landed(running, clock, sent, Fault.FORK)
        first = running.chain.landed(signature)
        assert first
        landed(running, clock, next_one)
        assert running.chain.tip >= first.slot + 2  # it was said to be confirmed
        running.chain.give(Gift(own.pubkey(), USDC.mint, 7))
        moved = 0
        while not running.chain.slots.forks:
            clock.move(1)
            running.chain.advance()
            moved += 1
        assert running.chain.tip < first.slot + FINALIZED_AFTER
        assert running.chain.slots.forks == [first.slot]
        entry = running.chain.entry(signature)
        assert entry
        assert entry.state in ("undone", "landed")
        assert conserved(running)
        clock.move(5)
        running.chain.receive(sent)  # the same bytes land again while their blockhash is valid
        clock.move(5)
        running.chain.advance()
        again = running.chain.landed(signature)
        assert again
        assert again.slot > first.slot
        assert usdc(running, own.pubkey()) > 7
        assert conserved(running)


def test_an_account_reads_as_it_was_at_an_earlier_slot(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own, to = funded(running.chain), Pubkey.new_unique()
        clock.move(4)
        signature = landed(running, clock, signed(running.chain, own, [payment(own, to, ONE_SOL)]))
        found = running.chain.landed(signature)
        assert found
        before, after = (running.chain.account(to, slot) for slot in (found.slot - 1, found.slot))
        assert (before, after and after.lamports) == (None, ONE_SOL)


def test_a_simulation_changes_nothing_and_sees_the_slot_that_it_is_of(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own, to = funded(running.chain), Pubkey.new_unique()
        clock.move(4)
        found = running.chain.landed(
            landed(running, clock, signed(running.chain, own, [payment(own, to, 9 * ONE_SOL)]))
        )
        assert found
        more = signed(running.chain, own, [payment(own, to, 2 * ONE_SOL)])
        assert running.chain.simulate(more, found.slot - 1).error is None
        assert running.chain.simulate(more, found.slot).error == {"InstructionError": [0, {"Custom": 1}]}
        assert lamports(running, to) == 9 * ONE_SOL
        assert conserved(running)


def test_what_landed_survives_a_kill_and_what_waited_does_not(tmp_path: Path) -> None:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        own = funded(running.chain)
        sent, waits = swap(running, own), signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
        signature = landed(running, clock, sent)
        running.chain.receive(waits)
        before = (
            running.chain.landed(signature),
            usdc(running, own.pubkey()),
            running.chain.slots.hash(running.chain.tip),
        )
        # Nothing is written at the end: to leave is as to be killed.
    with solana(tmp_path, clock) as running:
        hash_of_tip = running.chain.slots.hash(running.chain.tip)
        assert (running.chain.landed(signature), usdc(running, own.pubkey()), hash_of_tip) == before
        landed(running, clock, sent)
        entry = running.chain.entry(signature)
        assert entry
        assert (entry.landings, entry.deliveries) == (1, 2)
        assert running.chain.landed(str(waits.signature)) is None
        assert running.chain.landed(landed(running, clock, waits)) is not None
        assert conserved(running)


def test_bytes_that_were_changed_after_they_were_signed_are_not_signed(tmp_path: Path) -> None:
    with solana(tmp_path, SlotClock()) as running:
        own = funded(running.chain)
        sent = signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
        assert sent.is_signed
        more = sent.raw.replace(struct.pack("<IQ", 2, ONE_SOL), struct.pack("<IQ", 2, 2 * ONE_SOL))
        assert more != sent.raw
        assert not decoded(more, lambda _: None).is_signed
