"""The venues' routes, beside those of the chain's nodes."""

from falcon.asgi import App, Request, Response

from simulators.solana.venues.desk import Desk
from simulators.solana.venues.jupiter import JupiterBuildResource
from simulators.solana.venues.raydium import RaydiumComputeResource, RaydiumFeeResource, RaydiumTransactionResource


def add_venues(app: "App[Request, Response]", desk: Desk) -> None:
    """Serve both venues: a client's base URLs are `/jupiter/swap/v2` and `/raydium`."""
    app.add_route("/jupiter/swap/v2/build", JupiterBuildResource(desk))
    app.add_route("/raydium/compute/swap-base-in", RaydiumComputeResource(desk))
    app.add_route("/raydium/transaction/swap-base-in", RaydiumTransactionResource(desk))
    app.add_route("/raydium/main/auto-fee", RaydiumFeeResource(desk))
