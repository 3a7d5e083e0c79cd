"""Raydium's Trade API, https://transaction-v1.raydium.io: a quote, and the transaction that takes it."""

from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from adapters.solana.funds import account_of
from adapters.solana.judge.programs import SOL
from adapters.solana.market import Ask, Offer, plausible
from adapters.solana.priority import Priority
from adapters.solana.venue_api import NONSENSE, Units, VenueApi, read
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock

URL, FEES_URL = "https://transaction-v1.raydium.io", "https://api-v3.raydium.io"
FEE_SECONDS = 10.0
_PERCENT = Decimal("0.01")


class _Quote(msgspec.Struct, rename="camel"):
    input_amount: Units
    output_amount: Units
    other_amount_threshold: Units
    price_impact_pct: Decimal = Decimal(0)
    route_plan: Sequence[object] = ()


class _QuoteAnswer(msgspec.Struct):  # a refusal, which comes with status 200 too, has no data
    data: _Quote


class _Transaction(msgspec.Struct):
    transaction: str


class _BuildAnswer(msgspec.Struct):
    data: _Transaction | list[_Transaction]


class _UnitPrices(msgspec.Struct):
    default: dict[str, Annotated[int, Meta(ge=0)]]


class _FeeAnswer(msgspec.Struct):
    data: _UnitPrices


class RaydiumMarket:
    """A `Market`: Raydium's own router and pools. What a compute unit costs is asked each 10 s at most."""

    def __init__(
        self, api: VenueApi, priority: Priority, clock: Clock, url: str = URL, fees_url: str = FEES_URL
    ) -> None:
        self._api = api
        self._priority = priority
        self._clock = clock
        self._url = url
        self._fees_url = fees_url
        self._unit_price: tuple[float, int] | None = None

    async def open(self) -> None:
        await self._api.open()

    async def close(self) -> None:
        await self._api.close()

    async def offer(self, ask: Ask) -> Offer:
        """Quote. Who rounds its limit down is still at ours or above by a hundredth of a percent less slippage."""
        params = {
            "inputMint": ask.input.address,
            "outputMint": ask.output.address,
            "amount": str(ask.amount_in),
            "slippageBps": str(max(0, ask.slippage_bps - 1)),
            "txVersion": "V0",
        }
        answer = await self._api.get("quote", f"{self._url}/compute/swap-base-in", params)
        quote = read(answer, _QuoteAnswer).data
        if int(quote.input_amount) != ask.amount_in:
            raise VenueUnavailable(NONSENSE)
        if len(quote.route_plan) > 1:  # by Raydium's router, which the judge cannot read
            raise VenueUnavailable("its route has several pools")
        impact = plausible(quote.price_impact_pct) * _PERCENT
        return Offer(int(quote.output_amount), int(quote.other_amount_threshold), impact, answer)

    async def built(self, ask: Ask, offer: Offer) -> bytes:
        """Have it built. Several transactions are none: each alone could land."""
        sol = str(SOL)
        body = {
            "wallet": ask.wallet,
            "swapResponse": msgspec.Raw(offer.route),
            "txVersion": "V0",
            "computeUnitPriceMicroLamports": str(await self._price()),
            "wrapSol": ask.input.address == sol,
            "unwrapSol": ask.output.address == sol,
        }
        if ask.input.address != sol:
            body["inputAccount"] = account_of(ask.wallet, ask.input)
        url = f"{self._url}/transaction/swap-base-in"
        data = read(await self._api.post("build", url, msgspec.json.encode(body)), _BuildAnswer).data
        built = data if isinstance(data, list) else [data]
        if len(built) != 1:
            raise VenueUnavailable(f"built {len(built)} transactions of one swap")
        try:
            return b64decode(built[0].transaction, validate=True)
        except ValueError as error:
            raise VenueUnavailable(NONSENSE) from error

    async def _price(self) -> int:
        """Return what a compute unit costs, in millionths of a lamport."""
        now = self._clock.monotonic()
        if self._unit_price is None or now - self._unit_price[0] > FEE_SECONDS:
            answer = read(await self._api.get("fee", f"{self._fees_url}/main/auto-fee"), _FeeAnswer)
            usual = answer.data.default.get(self._priority.of_raydium)
            if usual is None:
                raise VenueUnavailable(NONSENSE)
            self._unit_price = (now, usual)
        return self._priority.unit_price(self._unit_price[1])
