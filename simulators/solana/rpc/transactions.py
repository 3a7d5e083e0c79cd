"""How nodes take transactions, try them, and say what became of them."""

from base64 import b64encode
from secrets import randbelow
from typing import Any

from attrs import frozen
from solders.message import MessageV0
from solders.transaction import VersionedTransaction

from simulators.solana import faucet
from simulators.solana.chain import Landed
from simulators.solana.decoding import Decoded, NoSuchTable, decoded
from simulators.solana.faults import Fault
from simulators.solana.machine import Outcome
from simulators.solana.meta import balances, loaded
from simulators.solana.rpc.accounts import account_json
from simulators.solana.rpc.reading import INVALID_PARAMS, Call, RpcError, key_of
from simulators.solana.rpc.written import transaction_json

PREFLIGHT = -32002
SIGNATURE = -32003
VERSION = -32015
MOST_SIGNATURES = 256
MOST_SIMULATED = 100
_IN_WORDS = {
    "BlockhashNotFound": "Blockhash not found",
    "AlreadyProcessed": "This transaction has already been processed",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
    "InvalidAddressLookupTableIndex": "Transaction address table lookup uses an invalid index",
}


@frozen
class Trial:
    """What came of trying a transaction; without an `outcome` it did not run."""

    error: Any
    outcome: Outcome | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """What every answer about it has."""
        run = self.outcome
        return {
            "err": self.error,
            "logs": list(run.logs) if run else [],
            "accounts": None,
            "unitsConsumed": run.units if run else 0,
            "returnData": None,
            "innerInstructions": None,
            "fee": run.fee if run else None,
            "loadedAccountsDataSize": None,
            "replacementBlockhash": None,
        }


def send(call: Call, fault: Fault | None) -> str:
    """Relay a transaction, after trying it unless the call says not to, and return its signature."""
    slot = call.slot("preflightCommitment")
    skips = call.config.get("skipPreflight") is True
    try:
        transaction = call.transaction(slot)
    except NoSuchTable as error:
        raise _preflight(Trial(str(error))) from error
    if not transaction.is_signed:
        raise RpcError(SIGNATURE, "Transaction signature verification failure")
    if not skips and (trial := _tried(call, transaction, slot, any_blockhash=False)).error is not None:
        raise _preflight(trial)
    call.view.chain.receive(transaction, fault)
    return str(transaction.signature)


def simulate(call: Call) -> dict[str, Any]:
    """Try a transaction, and return what it would do."""
    slot, slots = call.slot(), call.view.chain.slots
    replaces = call.config.get("replaceRecentBlockhash") is True
    try:
        transaction = call.transaction(slot)
    except NoSuchTable as error:
        return call.answer(slot, Trial(str(error)).fields)
    if call.config.get("sigVerify") is True and not transaction.is_signed:
        raise RpcError(SIGNATURE, "Transaction signature verification failure")
    trial = _tried(call, transaction, slot, any_blockhash=replaces)
    answer = trial.fields | {"loadedAddresses": loaded(transaction), "accounts": _accounts(call, trial, slot)}
    if replaces:
        newest = {"blockhash": str(slots.hash(slot)), "lastValidBlockHeight": slots.last_valid_height(slot)}
        answer["replacementBlockhash"] = newest
    if trial.outcome is not None:
        answer |= balances(transaction, trial.outcome, lambda key: call.view.chain.account(key, slot))
    return call.answer(slot, answer)


def statuses(call: Call) -> dict[str, Any]:
    """Return which block has each signature, and how sure that is; null for each that none has."""
    history = call.config.get("searchTransactionHistory") is True
    signatures = call.texts(0, MOST_SIGNATURES)
    return call.answer(call.view.slot("processed"), [_status(call, each, history) for each in signatures])


def transaction(call: Call) -> dict[str, Any] | None:
    """Return a transaction that a block has, with its balances before and after."""
    commitment = call.commitment()
    if commitment == "processed":
        raise RpcError(INVALID_PARAMS, "Method does not support commitment below `confirmed`")
    signature = call.text(0)
    landed, entry = call.view.chain.landed(signature), call.view.chain.entry(signature)
    if landed is None or entry is None or landed.slot > call.view.slot(commitment):
        return None
    sent = VersionedTransaction.from_bytes(entry.raw)
    if isinstance(sent.message, MessageV0) and call.config.get("maxSupportedTransactionVersion") is None:
        raise RpcError(
            VERSION,
            "Transaction version (0) is not supported by the requesting client. "
            "Please try the request again with the following configuration parameter: "
            '"maxSupportedTransactionVersion": 0',
        )
    raw = [b64encode(entry.raw).decode(), "base64"]
    return {
        "slot": landed.slot,
        "blockTime": call.view.chain.time_of(landed.slot),
        "transaction": raw if call.config.get("encoding") == "base64" else transaction_json(sent),
        "meta": landed.meta,
        "version": 0 if isinstance(sent.message, MessageV0) else "legacy",
    }


def airdrop(call: Call) -> str:
    """Send lamports from the faucet, and return the signature."""
    chain, slot = call.view.chain, call.view.slot("processed")
    blockhash, number = chain.slots.hash(slot), randbelow(1_000_000)
    raw = faucet.signed(chain.slots.seed, call.key(0), call.number(1), blockhash, number)
    transfer = decoded(raw, lambda _: None)
    chain.receive(transfer)
    return str(transfer.signature)


def _tried(call: Call, transaction: Decoded, slot: int, *, any_blockhash: bool) -> Trial:
    if not any_blockhash and not call.view.chain.slots.is_valid(transaction.blockhash, slot):
        return Trial("BlockhashNotFound")
    landed = call.view.chain.landed(str(transaction.signature))
    if not any_blockhash and landed is not None and landed.slot <= slot:
        return Trial("AlreadyProcessed")
    outcome = call.view.chain.simulate(transaction, slot)
    return Trial(outcome.error, outcome)


def _preflight(trial: Trial) -> RpcError:
    return RpcError(PREFLIGHT, f"Transaction simulation failed: {_in_words(trial.error)}", trial.fields)


def _in_words(error: Any) -> str:
    if not isinstance(error, dict):
        return _IN_WORDS.get(error, str(error))
    if "InstructionError" not in error:
        return str(next(iter(error)))
    place, what = error["InstructionError"]
    said = f"custom program error: {what['Custom']:#x}" if isinstance(what, dict) else str(what)
    return f"Error processing Instruction {place}: {said}"


def _accounts(call: Call, trial: Trial, slot: int) -> list[Any] | None:
    asked = call.config.get("accounts")
    if asked is None:
        return None
    keys = [key_of(text) for text in asked["addresses"]]
    if len(keys) > MOST_SIMULATED:
        raise RpcError(INVALID_PARAMS, f"Too many accounts provided; max {MOST_SIMULATED}")
    if trial.error is not None or trial.outcome is None:
        return [None] * len(keys)
    after, chain = trial.outcome.after, call.view.chain
    return [account_json(after[key] if key in after else chain.account(key, slot)) for key in keys]


def _status(call: Call, signature: str, history: bool) -> dict[str, Any] | None:
    landed: Landed | None = call.view.chain.landed(signature, history=history)
    commitment = call.view.commitment(landed.slot) if landed else None
    if landed is None or commitment is None:
        return None
    return {
        "slot": landed.slot,
        "confirmations": None if commitment == "finalized" else call.view.processed - landed.slot,
        "err": landed.meta["err"],
        "status": landed.meta["status"],
        "confirmationStatus": commitment,
    }
