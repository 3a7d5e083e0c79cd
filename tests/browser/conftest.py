"""Fixtures of the browser tests: one Chromium, one engine in memory, and screens before it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.engines import in_memory
from tests.browser.screens import Screens
from tests.processes import EngineProcess


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. Its loop runs as long as it does, so no test beside it can be async."""
    with sync_playwright() as playwright, chromium.launch(playwright) as browser:
        yield browser


@pytest.fixture(scope="package")
def engine() -> Iterator[EngineProcess]:
    """An engine in memory, for all tests that don't need one of their own."""
    with in_memory() as engine:
        yield engine


@pytest.fixture
def screens(browser: Browser, engine: EngineProcess) -> Iterator[Screens]:
    """Screens before the shared engine; no page may break its policy, ask another host or throw."""
    yield from watched(Screens(browser, engine.url))


def watched(screens: Screens) -> Iterator[Screens]:
    """Give the screens, then close them and look at what they did."""
    yield screens
    screens.close()
    assert screens.misdeeds == []
