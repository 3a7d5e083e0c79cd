"""Frames of an order as an engine sends them."""

import json
from datetime import UTC, datetime, timedelta

from application.frames import timestamp
from order_engine_client import Frame
from order_engine_client.reading import document, read

ROUTING = {"policy": "lowest_price", "compared": "price"}
BORN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORDER_ID = "3e3a0448-1281-4b82-acd0-f52d43225b7b"


def text(seq: int, status: str, message: str, seconds: float = 0, **more: object) -> str:
    """Return a frame that was stamped so many seconds after the order's birth."""
    told = {"orderId": ORDER_ID, "status": status, "message": message, "seq": seq, "attempt": 1, "userId": "anna"}
    return json.dumps({**told, "timestamp": timestamp(BORN + timedelta(seconds=seconds)), **more})


def frame(seq: int, status: str, message: str, seconds: float = 0, **more: object) -> Frame:
    return read(Frame, document(text(seq, status, message, seconds, **more)))


def birth() -> Frame:
    return frame(0, "pending", "Order accepted", inputToken="SOL", outputToken="USDC", amount=10)


def clean_run() -> list[Frame]:
    return [
        birth(),
        frame(1, "routing", "Fetching quotes from Raydium & Meteora...", 0.02),
        frame(2, "routing", "Best route: Meteora", 0.22, chosenDex="Meteora", routing=ROUTING),
        frame(3, "building", "Building transaction...", 0.221),
        frame(4, "submitted", "Transaction submitted to network...", 0.721, txHash="tx_1_mock"),
        frame(5, "confirmed", "Swap executed successfully", 3.1, txHash="tx_1_mock", executionPrice=147.25),
    ]
