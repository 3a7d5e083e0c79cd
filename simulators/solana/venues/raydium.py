"""Raydium's Trade API: a quote, a transaction of that quote, and what a compute unit costs these days."""

from base64 import b64encode
from typing import Any
from uuid import uuid4

import msgspec
from attrs import evolve, frozen
from falcon.asgi import Request, Response
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.pubkey import Pubkey

from simulators.solana.faults import Fault
from simulators.solana.markets import PARTS, RAYDIUM_CPMMS, Offer
from simulators.solana.tokens import SOL
from simulators.solana.venues.builds import Build, Limit, around, raydium_swap
from simulators.solana.venues.desk import MICRO_LAMPORTS, Desk
from simulators.solana.venues.instructions import account_of, close, create_account, seeded_account
from simulators.solana.venues.reading import Refused, address_of, needed, param, whole
from simulators.solana.venues.worse import bytes_of, worse

_UNITS = 300_000
_SEEDED = 0.5
_SPOILS = (*(Fault.LOW_MIN_OUT, Fault.TWO_TRANSACTIONS, Fault.FOREIGN_FEE_PAYER, Fault.DRAINED, Fault.STALE_BLOCKHASH),)


@frozen
class RaydiumComputeResource:
    """Quotes."""

    desk: Desk

    async def on_get(self, req: Request, resp: Response) -> None:
        """Quote."""
        self.desk.admit("raydium", req.query_string, resp)
        try:
            answer = _success(self._quote(req))
        except Refused as refused:
            answer = _failure(refused)
        resp.data = msgspec.json.encode(answer)

    def _quote(self, req: Request) -> dict[str, Any]:
        given = needed(address_of(param(req, "inputMint")), "REQ_INPUT_MINT_ERROR")
        got = needed(address_of(param(req, "outputMint")), "REQ_OUTPUT_MINT_ERROR")
        amount = needed(whole(param(req, "amount"), 1), "REQ_AMOUNT_ERROR")
        slippage_bps = needed(whole(param(req, "slippageBps"), 0, 10_000), "REQ_SLIPPAGE_BPS_ERROR")
        needed(param(req, "txVersion") in ("V0", "LEGACY") or None, "REQ_TX_VERSION_ERROR")
        offer = self.desk.best(given, got, amount, RAYDIUM_CPMMS.__eq__)
        offer = worse(
            needed(offer, "ROUTE_NOT_FOUND"), self.desk.faults.next(f"quote:{req.query_string}", Fault.WORSE_QUOTE)
        )
        return _offered(offer, Limit(offer.amount_out, slippage_bps))


@frozen
class RaydiumTransactionResource:
    """Transactions of quotes."""

    desk: Desk

    async def on_post(self, req: Request, resp: Response) -> None:
        """Build the quote that the call brings along."""
        body = await req.stream.read()
        try:
            asked = msgspec.json.decode(body)
        except msgspec.DecodeError:
            asked = None
        key = f"{asked.get('wallet')}" if isinstance(asked, dict) else ""
        self.desk.admit("raydium", key, resp)
        try:
            answer = _success(self._built(asked if isinstance(asked, dict) else {}))
        except Refused as refused:
            answer = _failure(refused)
        resp.data = msgspec.json.encode(answer)

    def _built(self, asked: dict[str, Any]) -> Any:
        taker = needed(address_of(asked.get("wallet")), "REQ_WALLET_ERROR")
        needed(asked.get("txVersion") == "V0" or None, "REQ_TX_VERSION_ERROR")
        price = whole(asked.get("computeUnitPriceMicroLamports"), 0)
        price = needed(price, "REQ_COMPUTE_UNIT_PRICE_MICRO_LAMPORTS_ERROR")
        offer, limit = self._quoted(asked.get("swapResponse"))
        key = f"{taker}:{offer.amount_in}:{limit.quoted}"
        fault = self.desk.faults.next(f"raydium build:{key}", *_SPOILS)
        build = self._build(asked, offer, bytes_of(limit, fault), taker)
        build = self.desk.spoilt(build, offer, fault if fault is Fault.DRAINED else None, key)
        budget = [set_compute_unit_limit(_UNITS), set_compute_unit_price(price)]
        transaction = self.desk.transaction(build, RAYDIUM_CPMMS, budget, fault)
        built = {"transaction": b64encode(transaction).decode()}
        if fault is Fault.TWO_TRANSACTIONS:
            return [built, built]
        # Its documentation has one object, its own demonstration a list: either comes.
        return built if self.desk.faults.draw(f"object:{key}") < 0.5 else [built]

    def _quoted(self, answer: Any) -> tuple[Offer, Limit]:
        """Read a quote that this venue gave: it is the caller's to bring it back as it was."""
        try:
            data = answer["data"]
            given, got = Pubkey.from_string(data["inputMint"]), Pubkey.from_string(data["outputMint"])
            amount, least = int(data["inputAmount"]), int(data["otherAmountThreshold"])
            quoted = int(data["outputAmount"])
        except (TypeError, KeyError, ValueError) as error:
            raise Refused("REQ_SWAP_RESPONSE_ERROR") from error
        offer = needed(self.desk.best(given, got, amount, RAYDIUM_CPMMS.__eq__), "ROUTE_NOT_FOUND")
        return evolve(offer, amount_out=quoted), Limit(least, 0)

    def _build(self, asked: dict[str, Any], offer: Offer, limit: Limit, taker: Pubkey) -> Build:
        wraps, unwraps = asked.get("wrapSol") is True, asked.get("unwrapSol") is True
        source = address_of(asked.get("inputAccount"))
        if wraps and offer.given is SOL:
            source = account_of(taker, SOL)
        destination = address_of(asked.get("outputAccount")) or account_of(taker, offer.got)
        accounts = (needed(source, "REQ_INPUT_ACCOUNT_ERROR"), destination)
        native = (wraps and offer.given is SOL) or (unwraps and offer.got is SOL)
        # Its own SDK makes an account for the one swap; others use the wallet's usual one: either comes.
        if native and self.desk.faults.draw(f"seeded:{taker}:{limit.quoted}") < _SEEDED:
            return self._through_seeded(offer, limit, taker, accounts)
        swap = raydium_swap(offer, limit.min_out, taker, self.desk.swaps, accounts)
        return around(swap, offer, taker, wraps=wraps, unwraps=unwraps)

    def _through_seeded(self, offer: Offer, limit: Limit, taker: Pubkey, accounts: tuple[Pubkey, Pubkey]) -> Build:
        given_sol = offer.given is SOL
        account, setup = seeded_account(taker, uuid4().hex, offer.amount_in if given_sol else 0)
        if given_sol:
            setup = [*setup, create_account(taker, taker, offer.got)]
        through = (account, accounts[1]) if given_sol else (accounts[0], account)
        swap = raydium_swap(offer, limit.min_out, taker, self.desk.swaps, through)
        return Build(taker, tuple(setup), swap, (close(account, taker, taker),))


@frozen
class RaydiumFeeResource:
    """What a compute unit costs, in micro lamports."""

    desk: Desk

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say it."""
        self.desk.admit("raydium", "auto-fee", resp)
        resp.data = msgspec.json.encode({"id": str(uuid4()), "success": True, "data": {"default": MICRO_LAMPORTS}})


def _success(data: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "success": True, "version": "V1", "data": data}


def _failure(refused: Refused) -> dict[str, Any]:
    """Refuse, with status 200."""
    return {"id": str(uuid4()), "success": False, "version": "V1", "msg": str(refused)}


def _offered(offer: Offer, limit: Limit) -> dict[str, Any]:
    mints = {"inputMint": str(offer.given.mint), "outputMint": str(offer.got.mint)}
    fee = {"feeMint": mints["inputMint"], "feeRate": offer.pool.dex.fee_bps, "feeAmount": str(offer.fee)}
    return {
        "swapType": "BaseIn",
        **mints,
        "inputAmount": str(offer.amount_in),
        "outputAmount": str(offer.amount_out),
        "otherAmountThreshold": str(limit.min_out),
        "slippageBps": limit.slippage_bps,
        "priceImpactPct": round(offer.impact * 100 / PARTS, 4),
        "referrerAmount": "0",
        "routePlan": [{"poolId": str(offer.pool.key), **mints, **fee, "remainingAccounts": []}],
    }
