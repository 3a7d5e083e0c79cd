"""Makes the venues that the settings name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from adapters.http_venue.venue import HttpVenue
from adapters.mock.venue import MockVenue
from application.halted_parts import HaltedParts
from application.ports.signer import Wallets
from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from application.ports.venue import Venue
from application.trading_rules import TradingRules
from application.venues import Venues
from domain.routing import POLICIES, RoutingPolicy, best_net_output, lowest_price
from entrypoints.lifecycle import Resource, Together
from entrypoints.mock_router import mock_router
from entrypoints.settings import Settings, SettingsError
from entrypoints.solana_settings import REAL_VENUES, is_real

if TYPE_CHECKING:
    from entrypoints.container.solana import SolanaVenues

MOCK_URL = "mock:"
# Times a venue's timeout. Its adapter ends a quote in its own time, which begins when it has its turn to call.
QUOTE_PATIENCE = 3


def _mock_venue(name: str, url: str, settings: Settings, clock: Clock) -> MockVenue:
    if url != MOCK_URL:
        raise SettingsError([f"ORDER_ENGINE_VENUES has more than {MOCK_URL} for {name}"])
    return MockVenue(name, mock_router(settings), clock, settings.tx_expiry_seconds)


def _http_venue(name: str, url: str, settings: Settings, clock: Clock) -> HttpVenue:
    return HttpVenue(
        name,
        url,
        clock,
        valid_seconds=settings.tx_expiry_seconds,
        timeout_seconds=settings.venue_timeout_ms / 1000,
        swap_timeout_seconds=settings.venue_swap_timeout_ms / 1000,
        connections=settings.worker_concurrency,
    )


class OpenedVenue(Venue, Resource, Protocol):
    """A venue's adapter, which is opened before use and closed after it."""


# By the scheme of a venue's URL in ORDER_ENGINE_VENUES: what makes it. A new kind is a line here.
VENUE_KINDS: Mapping[str, Callable[[str, str, Settings, Clock], OpenedVenue]] = MappingProxyType(
    {
        "mock": _mock_venue,
        "http": _http_venue,
        "https": _http_venue,
    }
)


def made_solana(
    settings: Settings, clock: Clock, tokens: TokenRegistry | None, wallets: Callable[[], Wallets]
) -> "SolanaVenues | None":
    """Return who makes the venues on Solana, with all that they share; None when there are none."""
    if tokens is None or not any(is_real(url) for _, url in settings.venues):
        return None
    from entrypoints.container.solana import SolanaVenues  # only for those who need it: it takes its time

    return SolanaVenues(settings, clock, tokens, wallets())


def made_venues(settings: Settings, clock: Clock, solana: "SolanaVenues | None" = None) -> tuple[OpenedVenue, ...]:
    """Make each venue that the settings name. Raises SettingsError."""
    made: list[OpenedVenue] = []
    for name, url in settings.venues or ((market.name, MOCK_URL) for market in mock_router(settings).markets):
        if solana is not None and is_real(url):
            made.append(solana.venue(name, url))
            continue
        scheme = url.partition(":")[0]
        if scheme not in VENUE_KINDS:
            kinds = ", ".join((*VENUE_KINDS, *REAL_VENUES))
            raise SettingsError([f"ORDER_ENGINE_VENUES: {name} must be one of: {kinds}, not {scheme}"])
        made.append(VENUE_KINDS[scheme](name, url, settings, clock))
    return tuple(made)


def opened_together(venues: tuple[OpenedVenue, ...], solana: "SolanaVenues | None") -> Resource:
    """Return what is opened before any venue is asked: first what several of them share."""
    return Together([*([] if solana is None else [solana]), *venues])


def made_policy(settings: Settings) -> RoutingPolicy:
    """Return which quote wins; where one venue is no mock, nobody sells at the worst price unless that is said."""
    if settings.routing_policy is not None:
        return POLICIES[settings.routing_policy]
    return lowest_price if all(url.startswith(MOCK_URL) for _, url in settings.venues) else best_net_output


def made_rules(settings: Settings, policy: RoutingPolicy) -> TradingRules:
    """Return what holds for orders that name no limit: on a chain venues have one of their own."""
    limit = settings.default_slippage_bps
    if limit is None and any(is_real(url) for _, url in settings.venues):
        limit = settings.solana_slippage_bps
    return TradingRules(policy.routing.policy, limit)


def all_venues(venues: tuple[OpenedVenue, ...], settings: Settings, parts: HaltedParts) -> Venues:
    """Put all venues together, with the time that a quote may take."""
    quote_seconds = QUOTE_PATIENCE * settings.venue_timeout_ms / 1000
    return Venues(venues, quote_seconds, settings.quote_band_bps, parts=parts)
