"""The Solana simulator's HTTP: the chain's nodes, its ledger, and money from nothing."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any

import falcon
import msgspec
from attrs import frozen
from falcon.asgi import App, Request, Response
from msgspec import Meta
from solders.pubkey import Pubkey

from simulators.solana.chain import Chain
from simulators.solana.faults import Faults
from simulators.solana.gifts import LAMPORTS, Gift, held_in
from simulators.solana.ledger import Entry, Ledger
from simulators.solana.node import Node
from simulators.solana.rpc.resource import NodeResource
from simulators.solana.token_accounts import WRAPPED_SOL
from simulators.venue.spoiling import Dropped

NODES = ("a", "b")
PAGE = 500
Address = Annotated[str, Meta(min_length=32, max_length=44)]


class Funding(msgspec.Struct):
    """Give so many base units of a token; without a mint, or with SOL's, lamports."""

    owner: Address
    amount: Annotated[int, Meta(ge=1, le=10**17)]
    mint: Address | None = None


@frozen
class FundResource:
    """Money from nothing; the ledger counts it."""

    chain: Chain

    async def on_post(self, req: Request, resp: Response) -> None:
        """Give it at once."""
        try:
            asked = msgspec.json.decode(await req.stream.read(), type=Funding)
            owner, mint = Pubkey.from_string(asked.owner), asked.mint and Pubkey.from_string(asked.mint)
        except (msgspec.DecodeError, ValueError) as error:
            raise falcon.HTTPBadRequest(description=str(error)) from error
        self.chain.advance()
        try:
            self.chain.give(Gift(owner, None if not mint or mint == WRAPPED_SOL else mint, asked.amount))
        except KeyError as error:
            raise falcon.HTTPBadRequest(description="there is no such mint") from error
        resp.status = falcon.HTTP_204


@frozen
class LedgerResource:
    """The ledger, for whoever checks the engine."""

    chain: Chain
    ledger: Ledger

    async def on_get(self, req: Request, resp: Response) -> None:
        """Count signatures by where they are, and hold what accounts have against what was ever made."""
        self.chain.advance()
        totals = totals_of(self.ledger)
        resp.data = msgspec.json.encode(
            {
                "slot": self.chain.tip,
                "forks": len(self.chain.slots.forks),
                "signatures": self.ledger.counts(),
                "totals": totals,
                "conserved": all(total["made"] == total["held"] + total.get("fees", 0) for total in totals.values()),
            }
        )

    async def on_get_signatures(self, req: Request, resp: Response) -> None:
        """List signatures, the first received first, in pages; `nextCursor` is null on the last."""
        self.chain.advance()
        found = self.ledger.entries(req.get_param_as_int("cursor", min_value=0) or 0, PAGE + 1)
        page = found[:PAGE]
        more = str(page[-1][0]) if len(found) > PAGE else None
        resp.data = msgspec.json.encode({"data": [entry_fields(entry) for _, entry in page], "nextCursor": more})

    async def on_get_signature(self, req: Request, resp: Response, signature: str) -> None:
        """Report one signature, with its balances before and after."""
        self.chain.advance()
        entry = self.ledger.find(signature)
        if entry is None:
            raise falcon.HTTPNotFound
        resp.data = msgspec.json.encode(entry_fields(entry) | {"meta": entry.meta})


class HealthResource:
    """The process runs: there is nothing else that could be down."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say so."""
        resp.data = b'{"status":"ok","checks":{}}'

    on_head = on_get


def create_app(chain: Chain, ledger: Ledger, faults: Faults) -> "App[Request, Response]":
    """Build the app of the chain; the venues add their routes."""
    app: App[Request, Response] = App()
    app.add_error_handler(Dropped, _nobody_listens)
    nodes = {name: Node(name, chain, faults) for name in NODES}
    app.add_route("/rpc/{name}", NodeResource(nodes, faults))
    app.add_route("/fund", FundResource(chain))
    app.add_route("/ledger", LedgerResource(chain, ledger))
    app.add_route("/ledger/signatures", LedgerResource(chain, ledger), suffix="signatures")
    app.add_route("/ledger/signatures/{signature}", LedgerResource(chain, ledger), suffix="signature")
    app.add_route("/health/live", HealthResource())
    app.add_route("/health/ready", HealthResource())
    return app


def totals_of(ledger: Ledger) -> Mapping[str, dict[str, int]]:
    """Return of each token, lamports included, what was made, and what accounts hold; of lamports also burnt fees."""
    held = held_in(dict(ledger.accounts()))
    totals = {token: {"made": made, "held": held.get(token, 0)} for token, made in ledger.made().items()}
    totals[LAMPORTS]["fees"] = ledger.fees()
    return totals


def entry_fields(entry: Entry) -> dict[str, Any]:
    """Return a ledger's entry for a person or a checker; its state is received, landed, failed or undone."""
    return {
        "signature": entry.signature,
        "wallet": entry.wallet,
        "transaction": b64encode(entry.raw).decode(),
        "receivedAt": entry.received_at,
        "deliveries": entry.deliveries,
        "state": entry.state,
        "landings": entry.landings,
        "slot": entry.slot,
        "fee": entry.fee,
        "err": entry.meta["err"] if entry.meta else None,
    }


async def _nobody_listens(*_: object) -> None:
    """Answer nothing."""
