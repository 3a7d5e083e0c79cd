"""The mock venues' HTTP: quotes, builds and transactions of each venue, and the ledger behind them all."""

import re
from datetime import UTC, datetime, timedelta

import falcon
import msgspec
from attrs import frozen
from falcon.asgi import App, Request, Response

from domain.mock_dex import MockDexRouter, MockMarket
from simulators.venue.clock import Clock
from simulators.venue.faults import Call, Fault, Faults, Harm
from simulators.venue.ledger import LedgerReader
from simulators.venue.lies import SHARED_HASH, send, twisted
from simulators.venue.network import Network
from simulators.venue.spoiling import Dropped, Spoiler
from simulators.venue.wire import (
    BuildRequest,
    ClockSetting,
    QuoteRequest,
    Submission,
    built_json,
    entry_fields,
    quote_json,
    read,
    report_json,
)

PAGE = 500
_WAIT = re.compile(r"wait=([0-9]{1,4})\Z")


@frozen
class Venues:
    """What every resource here needs."""

    router: MockDexRouter
    network: Network
    ledger: LedgerReader
    faults: Faults
    spoiler: Spoiler
    clock: Clock

    def market(self, name: str) -> MockMarket:
        """Return what the venue of this name offers. Raises falcon.HTTPNotFound."""
        for market in self.router.markets:
            if market.name == name:
                return market
        raise falcon.HTTPNotFound


@frozen
class QuotesResource:
    """Prices."""

    venues: Venues

    async def on_post(self, req: Request, resp: Response, venue: str) -> None:
        """Quote for an order's attempt: the same again when asked again."""
        market = self.venues.market(venue)
        asked = await read(req, QuoteRequest)
        fault = self.venues.faults.next(Call.QUOTE, f"{venue}:{asked.order_id}:{asked.attempt}")
        async with self.venues.spoiler.around(req, fault):
            await self.venues.clock.sleep(self.venues.router.quote_ms / 1000)
        send(resp, quote_json(self.venues.router.quote(market, asked.order_id, asked.attempt)), fault)


@frozen
class BuildsResource:
    """Transactions to be: nothing here is remembered."""

    venues: Venues

    async def on_post(self, req: Request, resp: Response, venue: str) -> None:
        """Name the transaction of an order's attempt, the same when asked again, and say until when it is taken."""
        self.venues.market(venue)
        asked = await read(req, BuildRequest)
        fault = self.venues.faults.next(Call.BUILD, f"{venue}:{asked.order_id}:{asked.attempt}")
        async with self.venues.spoiler.around(req, fault):
            await self.venues.clock.sleep(self.venues.router.build_ms / 1000)
        expires_at = self.venues.clock.now() + timedelta(seconds=asked.valid_seconds)
        own = self.venues.router.tx_hash(asked.order_id, asked.attempt)
        send(resp, built_json(SHARED_HASH if fault is Harm.SHARED_HASH else own, expires_at), fault)


@frozen
class TransactionResource:
    """One transaction. `Prefer: wait=N` (RFC 7240) gives one that is on its way up to N seconds to end."""

    venues: Venues

    async def on_put(self, req: Request, resp: Response, venue: str, tx_hash: str) -> None:
        """Take the transaction, once, and report what became of it."""
        self.venues.market(venue)
        transaction = (await read(req, Submission)).transaction(venue, tx_hash)
        fault = self.venues.faults.next(Call.SUBMIT, tx_hash)
        async with self.venues.spoiler.around(req, fault):
            await self.venues.network.submit(transaction)
            if fault is Fault.DUPLICATE:
                await self.venues.network.submit(transaction)
        report = await self.venues.network.report(tx_hash, _wait_of(req))
        send(resp, report_json(tx_hash, twisted(report, fault)), fault)

    async def on_get(self, req: Request, resp: Response, venue: str, tx_hash: str) -> None:
        """Report what became of the transaction; one that never came is `unknown`, with status 200."""
        self.venues.market(venue)
        fault = self.venues.faults.next(Call.LOOKUP, tx_hash)
        async with self.venues.spoiler.around(req, fault):
            report = await self.venues.network.report(tx_hash, _wait_of(req))
        send(resp, report_json(tx_hash, report), fault)


@frozen
class TransactionsResource:
    """What a venue received: for whoever lost its own record of it."""

    venues: Venues

    async def on_get(self, req: Request, resp: Response, venue: str) -> None:
        """List all from `since` on, the oldest first, in pages; `nextCursor` is null on the last."""
        self.venues.market(venue)
        since, after = _instant(req.get_param("since", required=True)), req.get_param_as_int("cursor", min_value=0)
        found = self.venues.ledger.received(venue, since, after or 0, PAGE + 1)
        page = found[:PAGE]
        more = str(page[-1][0]) if len(found) > PAGE else None
        resp.data = msgspec.json.encode({"data": [entry_fields(entry) for _, entry in page], "nextCursor": more})


@frozen
class LedgerResource:
    """The ledger, for whoever checks the engine."""

    venues: Venues

    async def on_get(self, req: Request, resp: Response) -> None:
        """Count what is in it."""
        resp.data = msgspec.json.encode(self.venues.ledger.counts())

    async def on_get_order(self, req: Request, resp: Response, order_id: str) -> None:
        """List an order's transactions, first received first."""
        entries = [entry_fields(entry) for entry in self.venues.ledger.of_order(order_id)]
        resp.data = msgspec.json.encode({"data": entries})


@frozen
class ClockResource:
    """The venues' clock, for whoever wants to see it step; a process begins with the machine's time."""

    clock: Clock

    async def on_put(self, req: Request, resp: Response) -> None:
        """Set it so far ahead of the machine's, or behind."""
        self.clock.ahead = timedelta(seconds=(await read(req, ClockSetting)).ahead_seconds)
        resp.status = falcon.HTTP_204


class HealthResource:
    """The process runs: there is nothing else that could be down."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say so."""
        resp.data = b'{"status":"ok","checks":{}}'

    on_head = on_get


def create_app(venues: Venues) -> "App[Request, Response]":
    """Build the app."""
    app: App[Request, Response] = App()
    app.add_error_handler(Dropped, _nobody_listens)
    app.add_route("/health/live", HealthResource())
    app.add_route("/health/ready", HealthResource())
    app.add_route("/clock", ClockResource(venues.clock))
    app.add_route("/ledger", LedgerResource(venues))
    app.add_route("/ledger/{order_id}", LedgerResource(venues), suffix="order")
    app.add_route("/{venue}/quotes", QuotesResource(venues))
    app.add_route("/{venue}/builds", BuildsResource(venues))
    app.add_route("/{venue}/transactions", TransactionsResource(venues))
    app.add_route("/{venue}/transactions/{tx_hash}", TransactionResource(venues))
    return app


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise falcon.HTTPInvalidParam("must be an RFC 3339 time", "since") from error


def _wait_of(req: Request) -> int:
    asked = _WAIT.match(req.get_header("Prefer") or "")
    return int(asked[1]) if asked else 0


async def _nobody_listens(*_: object) -> None:
    """Answer nothing."""
