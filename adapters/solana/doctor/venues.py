"""A small swap at each venue, up to the signature: offered, built, judged and simulated. Nothing is signed or sent."""

from decimal import Decimal

from adapters.solana.doctor.finding import Finding, Health
from application.ports.errors import BuildRefused, SignerUnavailable, VenueUnavailable
from application.ports.system import Clock, Ids
from application.ports.venue import Venue
from domain.money import plain
from domain.order import Order
from domain.order_request import OrderRequest
from domain.status import FailureReason

AMOUNT = Decimal("0.01")
PAIR = ("SOL", "USDC")


class NotSigned(SignerUnavailable):
    """What was to be signed is fit to be; it was left at that."""


async def venue_finding(venue: Venue, user_id: str, pair: tuple[str, str], clock: Clock, ids: Ids) -> Finding:
    """Try a venue, for the user; its wallets raise NotSigned."""
    what = f"venue {venue.name}"
    order = Order.new(ids.new(), OrderRequest(*pair, AMOUNT, user_id), clock.now())
    try:
        quote = await venue.quote(order)
    except VenueUnavailable as error:
        return Finding(what, Health.WRONG, f"makes no offer: {error}")
    offers = f"offers {plain(quote.price)} {pair[1]} for one {pair[0]}"
    try:
        await venue.build(order, quote)
    except BuildRefused as error:
        # A wallet that is too poor has a line of its own.
        poor = error.reason is FailureReason.INSUFFICIENT_FUNDS
        return Finding(what, Health.WARNING if poor else Health.WRONG, f"{offers}; not built: {error}")
    except VenueUnavailable as error:
        if isinstance(error.__cause__, NotSigned):
            return Finding(what, Health.OK, f"{offers}; its build was judged fit to be signed")
        return Finding(what, Health.WRONG, f"{offers}; not built: {error}")
    raise RuntimeError(f"{venue.name} signed what the doctor has no key for")
