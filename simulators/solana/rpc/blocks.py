"""What nodes say of the chain itself."""

from typing import Any

from solders.hash import Hash

from simulators.solana.rpc.reading import API_VERSION, INVALID_PARAMS, Call, RpcError

UNHEALTHY = -32005
_SLOTS_OF_AN_EPOCH = 432_000
_FEE_SLOTS = 20
_FEE_MICRO_LAMPORTS = 20_000


def health(call: Call) -> str:
    """Say whether the node is with the cluster."""
    behind = call.view.behind
    if behind:
        raise RpcError(UNHEALTHY, f"Node is behind by {behind} slots", {"numSlotsBehind": behind})
    return "ok"


def version(_: Call) -> dict[str, Any]:
    """Say which release the node is of."""
    return {"solana-core": f"{API_VERSION}-simulator", "feature-set": 0}


def genesis_hash(call: Call) -> str:
    """Name the chain: it is its own, though its tokens have mainnet's addresses."""
    return str(Hash(bytes(call.view.chain.slots.hash(call.view.chain.slots.first))))


def slot(call: Call) -> int:
    """Return the newest slot."""
    return call.slot()


def first_available_block(call: Call) -> int:
    """Return the first slot that the node's history has: it has all of it."""
    return call.view.chain.slots.first


def block_height(call: Call) -> int:
    """Return the newest block's height."""
    call.slot()
    return call.view.height(call.commitment())


def epoch_info(call: Call) -> dict[str, Any]:
    """Return where the chain is."""
    at = call.slot()
    epoch, index = divmod(at, _SLOTS_OF_AN_EPOCH)
    return {
        "absoluteSlot": at,
        "blockHeight": call.view.height(call.commitment()),
        "epoch": epoch,
        "slotIndex": index,
        "slotsInEpoch": _SLOTS_OF_AN_EPOCH,
        "transactionCount": None,
    }


def latest_blockhash(call: Call) -> dict[str, Any]:
    """Return the newest block's hash, and the height of the last block that takes it."""
    at, slots = call.slot(), call.view.chain.slots
    newest = {"blockhash": str(slots.hash(at)), "lastValidBlockHeight": call.view.last_valid_height(at)}
    return call.answer(at, newest)


def is_blockhash_valid(call: Call) -> dict[str, Any]:
    """Say whether a blockhash is still taken."""
    at = call.slot()
    try:
        asked = Hash.from_string(call.text(0))
    except ValueError as error:
        raise RpcError(INVALID_PARAMS, "Invalid param: Invalid") from error
    return call.answer(at, call.view.chain.slots.is_valid(asked, at))


def priority_fees(call: Call) -> list[dict[str, int]]:
    """Return what others paid lately, in micro-lamports a compute unit."""
    at, draw = call.view.processed, call.view.chain.draw
    slots = range(at - _FEE_SLOTS + 1, at + 1)
    return [{"slot": each, "prioritizationFee": int(draw(f"fee:{each}") * _FEE_MICRO_LAMPORTS)} for each in slots]


def rent(call: Call) -> int:
    """Return the lamports that an account of a size must have."""
    return call.view.chain.rent(call.number(0))
