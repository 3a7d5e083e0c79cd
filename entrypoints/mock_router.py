"""The mock venues as the settings describe them."""

from domain.mock_dex import MockDexRouter, MockMarket
from entrypoints.settings import Settings


def mock_router(settings: Settings) -> MockDexRouter:
    """Return the router that the in-process mock and the venue simulator share: equal settings, equal outcomes."""
    s = settings
    return MockDexRouter(
        seed=s.mock_seed,
        markets=(
            MockMarket("Raydium", s.mock_raydium_low, s.mock_raydium_high, s.mock_raydium_fee),
            MockMarket("Meteora", s.mock_meteora_low, s.mock_meteora_high, s.mock_meteora_fee),
        ),
        base_price=s.mock_base_price,
        fill_low=s.mock_fill_low,
        fill_high=s.mock_fill_high,
        quote_ms=s.mock_quote_ms,
        build_ms=s.mock_build_ms,
        swap_min_ms=s.mock_swap_min_ms,
        swap_max_ms=s.mock_swap_max_ms,
        failure_rate=s.mock_failure_rate,
    )
