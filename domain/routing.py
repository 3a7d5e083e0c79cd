"""Which quote to take. A policy is a plain function; add one here and name it in POLICIES."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from types import MappingProxyType

from attrs import field, frozen


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
        return self.price * (1 - self.fee)


def quote_of(quotes: Iterable[Quote], venue: str | None) -> Quote | None:
    """Return a venue's quote; None when it has none among these."""
    return next((quote for quote in quotes if quote.venue == venue), None)


RoutingPolicy = Callable[[Sequence[Quote]], Quote]


def lowest_price(quotes: Sequence[Quote]) -> Quote:
    """Take the lowest price (the original engine's rule); ties go to the lower fee, then by name."""
    return min(quotes, key=lambda q: (q.price, q.fee, q.venue))


def best_net_output(quotes: Sequence[Quote]) -> Quote:
    """Take what gives a seller most after fees; ties go to the lower fee, then by name."""
    return min(quotes, key=lambda q: (-q.net_price, q.fee, q.venue))


POLICIES: MappingProxyType[str, RoutingPolicy] = MappingProxyType(
    {"lowest_price": lowest_price, "best_net_output": best_net_output}
)
