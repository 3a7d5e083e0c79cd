"""What went wrong with a transaction, as Agave's JSON says it."""

from collections.abc import Callable, Sequence
from typing import Any

from solders.transaction_status import (
    InstructionErrorCustom,
    TransactionErrorDuplicateInstruction,
    TransactionErrorInstructionError,
    TransactionErrorInsufficientFundsForRent,
)


def error_json(error: Any, origins: Sequence[int], account_at: Callable[[int], int]) -> Any:
    """Return the virtual machine's error; `origins` and `account_at` say which instruction and account is meant."""
    if isinstance(error, TransactionErrorInstructionError):
        return {"InstructionError": [origins[error.index], _instruction_error(error.err)]}
    if isinstance(error, TransactionErrorInsufficientFundsForRent):
        return {"InsufficientFundsForRent": {"account_index": account_at(error.account_index)}}
    if isinstance(error, TransactionErrorDuplicateInstruction):
        return {"DuplicateInstruction": origins[error.index]}
    return _name(error)


def with_custom_code(error: Any, at: int, code: int) -> Any:
    """Return the error with this program error, if it is the one of instruction `at`; else as it is."""
    failed = error["InstructionError"][0] if isinstance(error, dict) and "InstructionError" in error else None
    return {"InstructionError": [at, {"Custom": code}]} if failed == at else error


def _instruction_error(error: Any) -> Any:
    return {"Custom": error.code} if isinstance(error, InstructionErrorCustom) else _name(error)


def _name(error: Any) -> str:
    return str(error).rpartition(".")[2]
