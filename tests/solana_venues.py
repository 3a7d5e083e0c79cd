"""Asks the Solana simulator's venues over HTTP, and reads what they answer."""

import base64
from typing import Any

import falcon.testing
from falcon.asgi import App, Request, Response
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from simulators.solana.faults import Fault, Faults
from simulators.solana.markets import RAYDIUM_CPMMS
from simulators.solana.slots import Slots
from simulators.solana.swaps import Swaps
from simulators.solana.tokens import SOL, USDC
from simulators.solana.venues.app import add_venues
from simulators.solana.venues.desk import Desk
from tests.solana_svm import ONE_SOL, SWAPS, TAKER

SLOTS = Slots(1)
SLOT = SLOTS.first + 1_000
METEORA = "Meteora DLMM,Meteora DAMM v2"
Answer = falcon.testing.Result


def desk_of(*faults: Fault, seed: int = 1, calls: int = 1_000, swaps: Swaps = SWAPS, slot: int = SLOT) -> Desk:
    """Make a desk where every call has one of the faults."""
    return Desk(swaps, SLOTS, lambda: slot, Faults(seed, 1.0 if faults else 0.0, faults), calls, lambda: 90.0)


async def call(desk: Desk, path: str, ask: dict[str, Any] | None = None, body: object = None) -> Answer:
    app: App[Request, Response] = App()
    add_venues(app, desk)
    async with falcon.testing.ASGIConductor(app) as conductor:
        if body is None:
            found = await conductor.simulate_get(path, params=ask or {}, params_csv=True)
        else:
            found = await conductor.simulate_post(path, json=body)
    return found


async def built(desk: Desk, **changes: Any) -> Answer:
    asked = {"inputMint": SOL.mint, "outputMint": USDC.mint, "amount": ONE_SOL, "taker": TAKER, "dexes": METEORA}
    return await call(desk, "/jupiter/swap/v2/build", {k: str(v) for k, v in (asked | changes).items()})


async def quoted(desk: Desk, **changes: Any) -> Any:
    asked = {"inputMint": SOL.mint, "outputMint": USDC.mint, "amount": ONE_SOL, "slippageBps": 50, "txVersion": "V0"}
    found = await call(desk, "/raydium/compute/swap-base-in", {k: str(v) for k, v in (asked | changes).items()})
    return found.json


async def transaction(desk: Desk, quote: Any, **changes: Any) -> Any:
    asked = {"wallet": str(TAKER), "swapResponse": quote, "txVersion": "V0", "computeUnitPriceMicroLamports": "1000"}
    asked |= {"wrapSol": True, "unwrapSol": True}
    return (await call(desk, "/raydium/transaction/swap-base-in", body=asked | changes)).json


def instruction_of(told: Any) -> Instruction:
    accounts = [
        AccountMeta(Pubkey.from_string(each["pubkey"]), each["isSigner"], each["isWritable"])
        for each in told["accounts"]
    ]
    return Instruction(Pubkey.from_string(told["programId"]), base64.b64decode(told["data"]), accounts)


def instructions_of(answer: Any) -> list[Instruction]:
    told = [*answer["computeBudgetInstructions"], *answer["setupInstructions"], answer["swapInstruction"]]
    told += [answer["cleanupInstruction"]] if answer["cleanupInstruction"] else []
    return [instruction_of(each) for each in [*told, *answer["otherInstructions"]]]


def transactions_of(answer: Any) -> list[bytes]:
    data = answer["data"]
    return [base64.b64decode(each["transaction"]) for each in (data if isinstance(data, list) else [data])]


def message_of(answer: Any) -> MessageV0:
    [found] = transactions_of(answer)
    message = VersionedTransaction.from_bytes(found).message
    assert isinstance(message, MessageV0)
    return message


def instructions_in(message: MessageV0, desk: Desk) -> list[Instruction]:
    """Read a message as the chain does: its own accounts, then the table's writable ones, then the others."""
    [lookup] = message.address_table_lookups
    table = desk.table(RAYDIUM_CPMMS)
    assert lookup.account_key == table.key
    indexes = [*lookup.writable_indexes, *lookup.readonly_indexes]
    keys = [*message.account_keys, *(table.addresses[at] for at in indexes)]
    signers = message.header.num_required_signatures
    writables = len(message.account_keys) + len(lookup.writable_indexes)

    def meta(at: int) -> AccountMeta:
        own = at < len(message.account_keys)
        return AccountMeta(keys[at], at < signers, message.is_maybe_writable(at) if own else at < writables)

    return [
        Instruction(keys[each.program_id_index], bytes(each.data), [meta(at) for at in each.accounts])
        for each in message.instructions
    ]
