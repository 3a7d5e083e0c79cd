"""Which quote to take. A policy is a function that says what it compares; add one here and name it in POLICIES."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from types import MappingProxyType

from attrs import field, frozen

from domain.money import EXACT


@frozen
class Quote:
    """A venue's offer: `price` in output tokens for one input token, `fee` a fraction of the output.

    `route` is what the venue needs to build on its offer, opaque to all but its adapter. It is not stored.
    """

    venue: str
    price: Decimal
    fee: Decimal
    route: bytes = field(default=b"", repr=False)

    @property
    def net_price(self) -> Decimal:
        """Output tokens for one input token after the venue's fee."""
        return EXACT.multiply(self.price, EXACT.subtract(Decimal(1), self.fee))


def quote_of(quotes: Iterable[Quote], venue: str | None) -> Quote | None:
    """Return a venue's quote; None when it has none among these."""
    return next((quote for quote in quotes if quote.venue == venue), None)


@frozen
class Routing:
    """Why a quote was taken: by which policy, and what of the quotes it compared, as clients call it."""

    policy: str
    compared: str


@frozen
class RoutingPolicy:
    """Takes one of the quotes that there are, at least one. `rule` says to people which."""

    routing: Routing
    rule: str
    _take: Callable[[Sequence[Quote]], Quote]

    def __call__(self, quotes: Sequence[Quote]) -> Quote:
        """Take one."""
        return self._take(quotes)


# What a quote has, as clients call it.
PRICE, NET_PRICE = "price", "netPrice"


def _policy(compares: str, rule: str) -> Callable[[Callable[[Sequence[Quote]], Quote]], RoutingPolicy]:
    """Make a policy of a function, whose name it gets."""
    return lambda take: RoutingPolicy(Routing(take.__name__, compares), rule, take)


@_policy(compares=PRICE, rule="takes the lowest quote, as specified; a seller gets more by best_net_output")
def lowest_price(quotes: Sequence[Quote]) -> Quote:
    """Take the lowest price (the original engine's rule); ties go to the lower fee, then by name."""
    return min(quotes, key=lambda q: (q.price, q.fee, q.venue))


@_policy(compares=NET_PRICE, rule="takes what gives most after fees; lowest_price, as specified, the lowest quote")
def best_net_output(quotes: Sequence[Quote]) -> Quote:
    """Take what gives a seller most after fees; ties go to the lower fee, then by name."""
    return min(quotes, key=lambda q: (-q.net_price, q.fee, q.venue))


POLICIES: MappingProxyType[str, RoutingPolicy] = MappingProxyType(
    {policy.routing.policy: policy for policy in (lowest_price, best_net_output)}
)
