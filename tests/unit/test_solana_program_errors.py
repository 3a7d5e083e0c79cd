"""Why the chain refused a swap: of what a node tells, the orders' few reasons."""

from collections.abc import Sequence

import pytest

from adapters.solana.program_errors import reason_of
from domain.status import FailureReason

JUPITER = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"
CPMM = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"
AMM_V4 = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"
CLMM = "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK"
DLMM = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"
DAMM_V2 = "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"
TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
SLIPPAGE, FUNDS, OTHER = (
    FailureReason.SLIPPAGE_EXCEEDED,
    FailureReason.INSUFFICIENT_FUNDS,
    FailureReason.INTERNAL_ERROR,
)


def custom(code: int, at: int = 3) -> object:
    return {"InstructionError": [at, {"Custom": code}]}


def failed(*calls: str, code: int) -> Sequence[str]:
    """Return the log of programs that called each other: the last one failed."""
    begun = [f"Program {program} invoke [{depth}]" for depth, program in enumerate(calls, 1)]
    return [*begun, *(f"Program {program} failed: custom program error: {code:#x}" for program in reversed(calls))]


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        (JUPITER, 6001, SLIPPAGE),
        (JUPITER, 6024, FUNDS),
        (CPMM, 6005, SLIPPAGE),
        (AMM_V4, 30, SLIPPAGE),
        (CLMM, 6022, SLIPPAGE),
        (CLMM, 6018, SLIPPAGE),
        (DLMM, 6003, SLIPPAGE),
        (DLMM, 6039, SLIPPAGE),
        (DLMM, 6012, OTHER),
        (DLMM, 6042, OTHER),
        (DAMM_V2, 6002, SLIPPAGE),
        (TOKEN, 1, FUNDS),
        (CPMM, 6006, OTHER),
        ("Unknown11111111111111111111111111111111111", 6001, OTHER),
    ],
)
def test_a_programs_code(program: str, code: int, reason: FailureReason) -> None:
    assert reason_of(custom(code), failed(program, code=code)) is reason


def test_the_program_that_failed_knows_why_and_not_who_called_it() -> None:
    assert reason_of(custom(6003), failed(JUPITER, DLMM, code=6003)) is SLIPPAGE
    assert reason_of(custom(1), failed(JUPITER, DLMM, TOKEN, code=1)) is FUNDS
    assert reason_of(custom(6001), failed(JUPITER, CPMM, code=6001)) is OTHER


def test_a_name_counts_more_than_a_number() -> None:
    said = (
        "Program log: AnchorError thrown in programs/amm/src/instructions/swap.rs:12. "
        "Error Code: TooLittleOutputReceived. Error Number: 6040. Error Message: Too little output received."
    )

    assert reason_of(custom(6040), [said, *failed(CLMM, code=6040)]) is SLIPPAGE


def test_without_logs_only_a_code_that_means_one_thing_counts() -> None:
    assert reason_of(custom(6005), []) is SLIPPAGE
    assert reason_of(custom(1), []) is OTHER
    assert reason_of(custom(6006), []) is OTHER


@pytest.mark.parametrize("err", ["InsufficientFundsForFee", {"InsufficientFundsForRent": {"account_index": 0}}])
def test_a_wallet_that_cannot_pay(err: object) -> None:
    assert reason_of(err, []) is FUNDS


@pytest.mark.parametrize("err", ["BlockhashNotFound", {"InstructionError": [0, "InvalidAccountData"]}, 7, [], None])
def test_anything_else(err: object) -> None:
    assert reason_of(err, ["Program log: Error Code: something"]) is OTHER
