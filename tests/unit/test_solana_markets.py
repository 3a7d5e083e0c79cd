"""Jupiter's and Raydium's HTTP APIs as markets: what they offer and build, their limits, and their ways to refuse."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import falcon
import pytest
from attrs import evolve, field, frozen
from falcon.asgi import App, Request, Response
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.transaction import VersionedTransaction

from adapters.solana.judge.message import resolved
from adapters.solana.market import Offer
from adapters.solana.priority import Priority
from adapters.solana.venue_api import ANSWER_BYTES, NONSENSE
from application.ports.errors import VenueUnavailable, VenueUnreachable
from simulators.solana.faults import Fault
from simulators.solana.tokens import SOL, USDC, Token
from tests.judged import SOL_IN, USDT, WALLET, PlayedNode, asset
from tests.solana_markets import Bench, an_ask, serving, venues

VENUES = ["jupiter", "raydium"]
RAYDIUMS_PARTS = [
    *("INPUT_MINT", "OUTPUT_MINT", "AMOUNT", "SLIPPAGE_BPS"),
    *("TX_VERSION", "COMPUTE_UNIT_PRICE_MICRO_LAMPORTS", "SWAP_RESPONSE"),
]
PAIRS = [(SOL, USDC), (USDC, SOL), (USDC, USDT)]


def unit_price(transaction: bytes, tables: Mapping[str, Sequence[str]]) -> int:
    message = VersionedTransaction.from_bytes(transaction).message
    calls = resolved(message, tables).calls  # type: ignore[arg-type]
    [price] = [call.data for call in calls if call.program == COMPUTE_BUDGET and call.data[0] == 3]
    return int.from_bytes(price[1:9], "little")


@pytest.mark.parametrize(("given", "got"), PAIRS, ids=lambda token: token.symbol)
@pytest.mark.parametrize("venue", VENUES)
async def test_an_offer_is_what_is_built(venue: str, given: Token, got: Token) -> None:
    async with venues() as bench, bench.market(venue) as market:
        ask = an_ask(given, got)
        offer = await market.offer(ask)
        assert 0 < offer.out_amount * 9_949 // 10_000 <= offer.min_out < offer.out_amount
        assert Decimal(0) <= offer.price_impact < Decimal("0.01")
        message = VersionedTransaction.from_bytes(await market.built(ask, offer)).message
        assert message.account_keys[0] == WALLET


async def test_jupiter_is_asked_for_the_venues_that_are_named() -> None:
    async with venues() as bench:
        async with bench.market("jupiter", dexes=()) as market:
            best = await market.offer(an_ask())
        async with bench.market("jupiter", dexes=("Meteora DAMM v2",)) as market:
            named = await market.offer(an_ask())
    labels = [hop["swapInfo"]["label"] for hop in json.loads(named.route)["routePlan"]]
    assert labels == ["Meteora DAMM v2"]
    assert best.out_amount >= named.out_amount


@pytest.mark.parametrize("venue", VENUES)
async def test_the_priority_fee_is_as_others_pay_and_never_above_the_most(venue: str) -> None:
    async with venues() as bench:
        for level, most, price in [
            ("medium", 10**6, 10_000),
            ("very-high", 10**6, 120_000),
            ("very-high", 14_000, 10_000),
        ]:
            async with bench.market(venue, priority=Priority(level, most)) as market:
                built = await market.built(an_ask(), await market.offer(an_ask()))
            assert unit_price(built, bench.node.tables) == price


async def test_two_transactions_of_one_swap_are_none() -> None:
    async with venues(Fault.TWO_TRANSACTIONS) as bench, bench.market("raydium") as market:
        with pytest.raises(VenueUnavailable, match="built 2 transactions of one swap"):
            await market.built(an_ask(), await market.offer(an_ask()))


async def test_a_route_over_several_pools_is_no_offer_of_raydiums() -> None:
    amounts = {"inputAmount": str(SOL_IN), "outputAmount": "150", "otherAmountThreshold": "149", "priceImpactPct": 0}
    app: App[Request, Response] = App()
    app.add_sink(Says(json.dumps({"success": True, "data": {**amounts, "routePlan": [{}, {}]}}).encode()))
    async with serving(app) as url, Bench(url, PlayedNode()).market("raydium") as market:
        assert await _refusal(market.offer(an_ask())) == "its route has several pools"


@pytest.mark.parametrize(
    ("venue", "said"), [("jupiter", "NO_ROUTES_FOUND|TOKEN_NOT_TRADABLE"), ("raydium", "ROUTE_NOT")]
)
async def test_a_refusal_says_the_venues_own_word(venue: str, said: str) -> None:
    unknown = evolve(asset(USDC), address=str(WALLET))
    async with venues() as bench, bench.market(venue) as market:
        with pytest.raises(VenueUnavailable, match=said):
            await market.offer(evolve(an_ask(), output=unknown))


@pytest.mark.parametrize("venue", VENUES)
async def test_a_venue_that_has_no_call_left_is_left_alone_until_its_window_is_over(venue: str) -> None:
    async with venues(calls=1) as bench, bench.market(venue) as market:
        await bench.clock.step(90.0 - bench.clock.now().timestamp())  # as the venue's, whose minute ends at 120
        await market.offer(an_ask())
        with pytest.raises(VenueUnavailable, match="takes no more calls for 30 s"):
            await market.offer(an_ask())
        await bench.clock.advance(29)
        waiting = asyncio.create_task(_refusal(market.offer(an_ask())))
        await bench.clock.advance(1)
        assert "answered 429" in await waiting  # it was called again


@pytest.mark.parametrize("venue", VENUES)
async def test_a_venue_that_fails_or_is_away_is_told_apart(venue: str) -> None:
    async with venues(Fault.ERROR) as bench, bench.market(venue) as market:
        assert await _refusal(market.offer(an_ask())) == "answered 503"
    away = Bench("http://127.0.0.1:9", PlayedNode())
    async with away.market(venue) as market:
        assert await _refusal(market.offer(an_ask())) == "refused the connection, or broke it"


async def _refusal(call: Awaitable[object]) -> str:
    with pytest.raises(VenueUnavailable) as refused:
        await call
    assert not isinstance(refused.value, VenueUnreachable)
    return str(refused.value)


@frozen
class Says:
    """Answers everything with the same."""

    body: bytes
    headers: Mapping[str, str] = field(factory=dict)
    status: str = falcon.HTTP_200

    async def __call__(self, req: Request, resp: Response | None, **_: object) -> None:
        assert resp is not None
        resp.data, resp.status = self.body, self.status
        resp.set_headers(dict(self.headers))

    on_get = on_post = __call__


def _changed(change: Callable[[dict[str, object]], object]) -> bytes:
    jupiter: dict[str, object] = {
        **{"inAmount": str(SOL_IN), "outAmount": "150", "otherAmountThreshold": "149", "priceImpactPct": "0"},
        **{"computeBudgetInstructions": [], "setupInstructions": [], "otherInstructions": []},
        "swapInstruction": {"programId": str(WALLET), "accounts": [], "data": ""},
    }
    change(jupiter)
    return json.dumps(jupiter).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[" * 10_000,
        b"{}",
        _changed(lambda answer: answer.update(inAmount="1")),
        _changed(lambda answer: answer.update(outAmount="-1")),
        _changed(lambda answer: answer.update(outAmount=150.5)),
        _changed(lambda answer: answer.update(outAmount="1e9")),
        _changed(lambda answer: answer.update(priceImpactPct="NaN")),
        _changed(lambda answer: answer.update(priceImpactPct="1e999999999")),
        _changed(lambda answer: answer.pop("swapInstruction")),
        b" " * (ANSWER_BYTES + 1),
    ],
    ids=lambda body: body[:20].decode(),
)
async def test_an_answer_that_makes_no_sense_is_none(body: bytes) -> None:
    app: App[Request, Response] = App()
    app.add_sink(Says(body))
    async with serving(app) as url, Bench(url, PlayedNode()).market("jupiter") as market:
        assert await _refusal(market.offer(an_ask())) in (
            "gave an answer that makes no sense",
            "answered more than is taken",
        )


async def test_instructions_that_cannot_be_read_are_no_build() -> None:
    app: App[Request, Response] = App()
    bad = {"programId": str(WALLET), "accounts": [], "data": "!"}
    app.add_sink(Says(_changed(lambda answer: answer.update(swapInstruction=bad))))
    async with serving(app) as url, Bench(url, PlayedNode()).market("jupiter") as market:
        offer = await market.offer(an_ask())
        assert await _refusal(market.built(an_ask(), offer)) == NONSENSE


@pytest.mark.parametrize("code", ["ROUTE_NOT_FOUND", *(f"REQ_{part}_ERROR" for part in RAYDIUMS_PARTS)])
async def test_what_raydium_refuses_it_answers_with_200(code: str) -> None:
    app: App[Request, Response] = App()
    app.add_sink(Says(json.dumps({"id": "1", "success": False, "version": "V1", "msg": code}).encode()))
    async with serving(app) as url, Bench(url, PlayedNode()).market("raydium") as market:
        assert await _refusal(market.offer(an_ask())) == f"refused: {code}"


@pytest.mark.parametrize("code", ["NO_ROUTES_FOUND", "COULD_NOT_FIND_ANY_ROUTE", "TOKEN_NOT_TRADABLE"])
async def test_jupiters_refusals_say_its_word(code: str) -> None:
    app: App[Request, Response] = App()
    app.add_sink(Says(json.dumps({"error": "?", "errorCode": code}).encode(), status=falcon.HTTP_400))
    async with serving(app) as url, Bench(url, PlayedNode()).market("jupiter") as market:
        assert await _refusal(market.offer(an_ask())) == f"answered 400: {code}"


@pytest.mark.parametrize("data", [{"transaction": "AAEC"}, [{"transaction": "AAEC"}]], ids=["object", "list"])
async def test_raydium_may_build_an_object_or_a_list(data: object) -> None:
    app: App[Request, Response] = App()
    app.add_route("/raydium/main/auto-fee", Says(_raydiums({"default": {"vh": 3, "h": 2, "m": 1}})))
    app.add_route("/raydium/transaction/swap-base-in", Says(_raydiums(data)))
    async with serving(app) as url, Bench(url, PlayedNode()).market("raydium") as market:
        assert await market.built(an_ask(), Offer(150, 149, Decimal(0), b"{}")) == bytes(range(3))


async def test_a_venue_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    app: App[Request, Response] = App()
    app.add_sink(Says(b"", {"Retry-After": "20"}, falcon.HTTP_429))
    async with serving(app) as url, Bench(url, PlayedNode()).market("jupiter") as market:
        assert await _refusal(market.offer(an_ask())) == "answered 429"
        assert await _refusal(market.offer(an_ask())) == "takes no more calls for 20 s"


def _raydiums(data: object) -> bytes:
    return json.dumps({"id": "1", "success": True, "version": "V1", "data": data}).encode()
