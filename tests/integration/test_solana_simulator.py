"""The Solana simulator as a process: what landed survives its kill, and each signature is in one block at most."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.transaction import VersionedTransaction

from tests.eventually import eventually
from tests.solana import ONE_SOL, Rpc, SolanaProcess, payment

TRANSFERS = 12
FAULTS = {
    "MOCK_SEED": "5",
    "SOLANA_SIMULATOR_SLOT_MS": "10",
    "SOLANA_SIMULATOR_FAULT_RATE": "0.2",
    "SOLANA_SIMULATOR_FAULTS": "dropped,lost_reply,late,fork,behind,error",
}


async def asked(node: Rpc, method: str, *params: Any) -> Any:
    """Ask until there is an answer: through faults, and while the process is away."""

    async def answered() -> Any:
        try:
            return [await node(method, *params)]
        except httpx.HTTPError:
            return None

    [answer] = await eventually(answered, within=20)
    return answer


async def transferred(node: Rpc, own: Keypair, to: Keypair) -> bool:
    """Send a transfer, and the same bytes again until it is final or dead; return whether it landed."""
    newest = (await asked(node, "getLatestBlockhash", {"commitment": "confirmed"}))["value"]
    blockhash, pay = Hash.from_string(newest["blockhash"]), payment(own, to.pubkey(), ONE_SOL)
    transaction = VersionedTransaction(MessageV0.try_compile(own.pubkey(), [pay], [], blockhash), [own])
    raw, signature = base64.b64encode(bytes(transaction)).decode(), str(transaction.signatures[0])

    async def ended() -> str | None:
        await asked(node, "sendTransaction", raw, {"encoding": "base64", "skipPreflight": True})
        info = await asked(node, "getEpochInfo", {"commitment": "finalized"})
        seen = await asked(node, "getSignatureStatuses", [signature], {"searchTransactionHistory": True})
        [status] = seen["value"]
        if status is not None:
            return "landed" if status["confirmationStatus"] == "finalized" else None
        dead = info["blockHeight"] > newest["lastValidBlockHeight"] and seen["context"]["slot"] >= info["absoluteSlot"]
        return "dead" if dead else None

    return await eventually(ended, within=20) == "landed"


async def test_killed_at_any_moment_with_faults_each_transfer_lands_once_or_never(tmp_path: Path) -> None:
    own, others = Keypair(), [Keypair() for _ in range(TRANSFERS)]
    with SolanaProcess(tmp_path, **FAULTS) as simulator:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            node = Rpc(f"{simulator.url}/rpc/a", client)
            funding = {"owner": str(own.pubkey()), "amount": 2 * TRANSFERS * ONE_SOL}
            (await client.post(f"{simulator.url}/fund", json=funding)).raise_for_status()
            async with asyncio.TaskGroup() as group:
                transfers = [group.create_task(transferred(node, own, to)) for to in others]
                await eventually(lambda: any(each.done() for each in transfers), within=20)
                simulator.process.kill()
                await asyncio.to_thread(simulator.start)
            landed = [each.result() for each in transfers]
            ledger = (await client.get(f"{simulator.url}/ledger")).json()
            assert ledger["conserved"] is True
            assert ledger["signatures"].get("landed", 0) == sum(landed)
            assert sum(landed) > TRANSFERS // 2
            for to, has_landed in zip(others, landed, strict=True):
                balance = await asked(node, "getBalance", str(to.pubkey()))
                assert balance["value"] == (ONE_SOL if has_landed else 0)
