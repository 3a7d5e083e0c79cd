"""Fixtures for pytest: `pytest_plugins = ["order_engine_client.pytest_plugin"]` in a conftest.py at the root."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from order_engine_client.testing import RunningEngine, running_engine


@pytest.fixture(scope="session")
def order_engine_settings() -> Mapping[str, str]:
    """Give the engine settings of your own, without `ORDER_ENGINE_`: override it."""
    return {}


@pytest.fixture(scope="session")
def order_engine_command() -> Sequence[str] | None:
    """Say what runs `order-engine`, if it is neither beside this Python nor on PATH: override it."""
    return None


@pytest.fixture(scope="session")
def order_engine(
    order_engine_settings: Mapping[str, str], order_engine_command: Sequence[str] | None
) -> Iterator[RunningEngine]:
    """Run an engine in memory, the same for all tests; what one test's users do, another's do not see."""
    with running_engine(order_engine_settings, order_engine_command) as engine:
        yield engine
