"""Why the chain refused a swap, by what it says of it: error codes, and names in the programs' logs."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adapters.solana.judge.programs import JUPITER, RAYDIUM_AMM, RAYDIUM_CLMM, RAYDIUM_CPMM, SYSTEM, TOKEN, TOKEN_2022
from domain.status import FailureReason

_SLIPPAGE, _FUNDS = FailureReason.SLIPPAGE_EXCEEDED, FailureReason.INSUFFICIENT_FUNDS

_DLMM = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"
_DAMM_V2 = "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"

_BY_CODE: Mapping[tuple[str, int], FailureReason] = MappingProxyType(
    {
        (str(JUPITER), 6001): _SLIPPAGE,
        (str(JUPITER), 6024): _FUNDS,
        (str(RAYDIUM_AMM), 30): _SLIPPAGE,
        (str(RAYDIUM_AMM), 40): _FUNDS,
        (str(RAYDIUM_CPMM), 6005): _SLIPPAGE,
        # Of newer and of older programs. In either, the other one's number is another error.
        (str(RAYDIUM_CLMM), 6018): _SLIPPAGE,
        (str(RAYDIUM_CLMM), 6022): _SLIPPAGE,
        (_DLMM, 6003): _SLIPPAGE,
        (_DLMM, 6039): _SLIPPAGE,
        (_DAMM_V2, 6002): _SLIPPAGE,
        (str(TOKEN), 1): _FUNDS,
        (str(TOKEN_2022), 1): _FUNDS,
        (str(SYSTEM), 1): _FUNDS,
    }
)
_BY_NAME: Mapping[str, FailureReason] = MappingProxyType(
    {
        "SlippageToleranceExceeded": _SLIPPAGE,
        "ExceededSlippage": _SLIPPAGE,
        "ExceededAmountSlippageTolerance": _SLIPPAGE,
        "ExceededBinSlippageTolerance": _SLIPPAGE,
        "TooLittleOutputReceived": _SLIPPAGE,
        "InsufficientFunds": _FUNDS,
    }
)
# What is said of a whole transaction, not of one of its programs.
_WHOLE = frozenset({"InsufficientFundsForFee", "InsufficientFundsForRent", "AccountNotFound"})
_FAILED = re.compile(r"Program (\S{32,44}) failed: custom program error: 0x([0-9a-f]{1,8})")
_NAMED = re.compile(r"Program log: AnchorError .{0,200}?Error Code: (\w+)\.")


def reason_of(err: object, logs: Sequence[str]) -> FailureReason:
    """Return why a transaction failed; INTERNAL_ERROR when that is none of the few things that orders know of.

    A name counts more than a code, as programs gave their codes other meanings over time. The first program that failed
    is the one that knows why: those that called it only pass its code on.
    """
    if (isinstance(err, str) and err in _WHOLE) or (isinstance(err, dict) and err.keys() & _WHOLE):
        return _FUNDS
    for line in logs:
        if named := _NAMED.match(line):
            return _BY_NAME.get(named[1], FailureReason.INTERNAL_ERROR)
    for line in logs:
        if failed := _FAILED.match(line):
            return _BY_CODE.get((failed[1], int(failed[2], 16)), FailureReason.INTERNAL_ERROR)
    return _of_code_alone(err)


def _of_code_alone(err: object) -> FailureReason:
    """Return what the code says when logs are cut off: the program is not known, so only what all agree on counts."""
    match err:
        case {"InstructionError": [int(), {"Custom": int(code)}]} if code > 1000:
            meant = {reason for (_, known), reason in _BY_CODE.items() if known == code}
            return meant.pop() if len(meant) == 1 else FailureReason.INTERNAL_ERROR
    return FailureReason.INTERNAL_ERROR
