"""Jupiter's Swap API v2: `GET /build` gives a quote and the instructions of its swap at once."""

from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import falcon
import msgspec
from attrs import frozen
from falcon.asgi import Request, Response
from solders.compute_budget import set_compute_unit_price
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from domain.money import plain
from simulators.solana.faults import Fault
from simulators.solana.layouts import signer
from simulators.solana.markets import PARTS, Dex, Offer
from simulators.solana.slots import LAST_VALID
from simulators.solana.tokens import BY_MINT
from simulators.solana.venues.builds import Build, Limit, around, jupiter_swap
from simulators.solana.venues.desk import MICRO_LAMPORTS, STRANGER, Desk
from simulators.solana.venues.reading import Refused, address_of, needed, param, whole
from simulators.solana.venues.worse import bytes_of, worse

_SPOILS = (
    *(Fault.WORSE_QUOTE, Fault.LOW_MIN_OUT, Fault.TWO_TRANSACTIONS, Fault.FOREIGN_FEE_PAYER, Fault.DRAINED),
    *(Fault.STALE_BLOCKHASH, Fault.LOW_HEIGHT),
)
_PERCENTILES = {"medium": "m", "high": "h", "veryHigh": "vh"}
_AUTHORITIES = 16  # Jupiter's own accounts that shared routes go through
_EXPIRY = "blockhashSlotsToExpiry"


@frozen
class _Asked:
    """A call's parameters, read."""

    given: Pubkey
    got: Pubkey
    amount: int
    taker: Pubkey
    slippage_bps: int
    slots_to_expiry: int
    max_accounts: int
    price: int
    wraps: bool
    takes: Callable[[Dex], bool]


@frozen
class JupiterBuildResource:
    """One call for both: what a swap gives now, and its instructions."""

    desk: Desk

    async def on_get(self, req: Request, resp: Response) -> None:
        """Quote and build."""
        key = req.query_string
        self.desk.admit("jupiter", key, resp)
        try:
            asked = _asked(req)
        except Refused as wrong:
            _refuse(resp, {"issues": [{"path": [str(wrong)], "message": "Invalid"}]})
            return
        for mint in (asked.given, asked.got):
            if mint not in BY_MINT:
                _refuse(resp, f"The token {mint} is not tradable", "TOKEN_NOT_TRADABLE")
                return
        offer = self.desk.best(asked.given, asked.got, asked.amount, asked.takes)
        # One step, its venue's accounts and the taker's: what a route here takes at the least.
        if offer is None or asked.max_accounts < 14:
            _refuse(resp, "No routes found", "NO_ROUTES_FOUND")
            return
        resp.data = msgspec.json.encode(self._answer(asked, offer, key))

    def _answer(self, asked: _Asked, offer: Offer, key: str) -> dict[str, Any]:
        fault = self.desk.faults.next(f"jupiter build:{key}", *_SPOILS)
        offer = worse(offer, fault)
        limit = Limit(offer.amount_out, asked.slippage_bps)
        build = self._build(asked, offer, bytes_of(limit, fault), fault, key)
        blockhash, height = self.desk.blockhash(asked.slots_to_expiry, fault)
        table = self.desk.table(offer.pool.dex)
        return {
            **_quote(offer, limit),
            "computeBudgetInstructions": [_instruction(set_compute_unit_price(asked.price))],
            "setupInstructions": [_instruction(each) for each in build.setup],
            "swapInstruction": _instruction(build.swap),
            "cleanupInstruction": _instruction(build.cleanup[0]) if build.cleanup else None,
            "otherInstructions": [_instruction(each) for each in build.other],
            "tipInstruction": None,
            "addressesByLookupTableAddress": {str(table.key): [str(key) for key in table.addresses]},
            "blockhashWithMetadata": {"blockhash": list(bytes(blockhash)), "lastValidBlockHeight": height},
        }

    def _build(self, asked: _Asked, offer: Offer, limit: Limit, fault: Fault | None, key: str) -> Build:
        drawn = int(self.desk.faults.draw(f"shared:{key}") * _AUTHORITIES * 2)
        shared = drawn if drawn < _AUTHORITIES else None
        swap = jupiter_swap(offer, limit, asked.taker, self.desk.swaps, shared)
        if fault is Fault.FOREIGN_FEE_PAYER:  # whoever asks is the fee payer of what it puts together itself
            swap = Instruction(swap.program_id, swap.data, [*swap.accounts, signer(STRANGER)])
        build = around(swap, offer, asked.taker, wraps=asked.wraps, unwraps=asked.wraps)
        return self.desk.spoilt(build, offer, fault, key)


def _asked(req: Request) -> _Asked:
    """Read the parameters. Raises Refused with the name of the first that is wrong."""
    given, got, taker = (needed(address_of(param(req, name)), name) for name in ("inputMint", "outputMint", "taker"))
    percentile = _PERCENTILES.get(param(req, "computeUnitPricePercentile") or "high")
    if given == got or (param(req, "dexes") and param(req, "excludeDexes")):
        raise Refused("outputMint" if given == got else "dexes")
    return _Asked(
        given=given,
        got=got,
        taker=taker,
        amount=needed(whole(param(req, "amount"), 1), "amount"),
        slippage_bps=needed(whole(param(req, "slippageBps") or "50", 0, 10_000), "slippageBps"),
        slots_to_expiry=needed(whole(param(req, _EXPIRY) or str(LAST_VALID), 1, 300), _EXPIRY),
        max_accounts=needed(whole(param(req, "maxAccounts") or "64", 1, 64), "maxAccounts"),
        price=MICRO_LAMPORTS[needed(percentile, "computeUnitPricePercentile")],
        wraps=param(req, "wrapAndUnwrapSol") != "false",
        takes=_filter(req),
    )


def _filter(req: Request) -> Callable[[Dex], bool]:
    only, never = ((param(req, name) or "").split(",") for name in ("dexes", "excludeDexes"))
    return lambda dex: dex.label not in never and (only == [""] or dex.label in only)


def _refuse(resp: Response, error: object, code: str | None = None) -> None:
    resp.status = falcon.HTTP_400
    resp.data = msgspec.json.encode({"error": error} | ({"errorCode": code} if code else {}))


def _quote(offer: Offer, limit: Limit) -> dict[str, Any]:
    amounts = {"inAmount": str(offer.amount_in), "outAmount": str(offer.amount_out)}
    mints = {"inputMint": str(offer.given.mint), "outputMint": str(offer.got.mint)}
    hop = {"ammKey": str(offer.pool.key), "label": offer.pool.dex.label, **mints, **amounts}
    return {
        **mints,
        **amounts,
        "otherAmountThreshold": str(limit.min_out),
        "swapMode": "ExactIn",
        "slippageBps": limit.slippage_bps,
        "priceImpactPct": plain(Decimal(offer.impact) / PARTS),
        "routePlan": [{"swapInfo": hop, "percent": 100, "bps": 10_000}],
    }


def _instruction(instruction: Instruction) -> dict[str, Any]:
    accounts = [
        {"pubkey": str(meta.pubkey), "isSigner": meta.is_signer, "isWritable": meta.is_writable}
        for meta in instruction.accounts
    ]
    data = b64encode(bytes(instruction.data)).decode()
    return {"programId": str(instruction.program_id), "accounts": accounts, "data": data}
