"""Settings under which the mock venues cost no time and refuse nothing, so that the engine alone is measured."""

from typing import Final, TypedDict


class MockSettings(TypedDict):
    """The mock venues' times in ms, and the share of swaps that they refuse."""

    MOCK_QUOTE_MS: int
    MOCK_BUILD_MS: int
    MOCK_SWAP_MIN_MS: int
    MOCK_SWAP_MAX_MS: int
    MOCK_FAILURE_RATE: float


NO_DELAYS: Final[MockSettings] = {
    "MOCK_QUOTE_MS": 0,
    "MOCK_BUILD_MS": 0,
    "MOCK_SWAP_MIN_MS": 0,
    "MOCK_SWAP_MAX_MS": 0,
    "MOCK_FAILURE_RATE": 0.0,
}
