"""`order-engine dev --solana`: a newcomer's first signed swap, on a chain that runs here."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from tests.eventually import eventually
from tests.processes import EngineProcess, free_port, running

SOL = "So11111111111111111111111111111111111111112"


def call(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


async def swapped(engine: EngineProcess, **order: object) -> dict[str, Any]:
    asked = {"inputToken": "SOL", "outputToken": "USDC", "amount": 1, "userId": "you", **order}
    order_id = call(f"{engine.url}/api/orders/execute", asked)["orderId"]

    def final() -> dict[str, Any]:
        found = call(f"{engine.url}/api/orders/{order_id}")
        return found if found["status"] in ("confirmed", "failed") else {}

    return await eventually(final, within=30)


async def test_an_order_ends_with_a_swap_that_the_wallet_signed_and_the_chain_has(server_dir: Path) -> None:
    node = free_port()
    real = {
        "VENUES": "Real=raydium:http://127.0.0.1:1/x",
        "SOLANA_RPC_URLS": "http://127.0.0.1:1",
        "SOLANA_WALLET": "/nowhere/real.json",
        "TOKEN_LIST": "solana-mainnet",
    }
    settings = {**real, "DATA_DIR": str(server_dir), "SOLANA_SIMULATOR_PORT": str(node)}
    with running("dev", "--memory", "--solana", settings=settings) as engine:
        order = await swapped(engine)
        assert order["status"] == "confirmed", order
        there = call(f"http://127.0.0.1:{node}/ledger/signatures/{order['txHash']}")
        sent = VersionedTransaction.from_bytes(base64.b64decode(there["transaction"]))
        payer = Pubkey.from_string(there["wallet"])
        assert there["state"] == "landed"
        assert Signature.from_string(order["txHash"]).verify(payer, to_bytes_versioned(sent.message))
        assert call(f"http://127.0.0.1:{node}/ledger")["conserved"]
        back = await swapped(engine, inputToken="USDC", outputToken=SOL, amount=100)
        assert back["status"] == "confirmed", back
