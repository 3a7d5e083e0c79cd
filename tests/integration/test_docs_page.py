"""`/docs` in a real browser: it shows, runs nothing, and asks nobody else."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.api import Api, running_api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as api:
        yield api


async def open_page(browser: Browser, api: Api, path: str, troubles: list[str]) -> Page:
    """Open a page; what it complains about, or asks of others, is added to `troubles`."""

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            troubles.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{api.url}/", "data:", "blob:")):
            troubles.append(request.url)

    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    page.on("console", heard)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", asked)
    await page.goto(f"{api.url}{path}")
    return page


async def test_the_reference_shows(browser: Browser, api: Api) -> None:
    troubles: list[str] = []
    page = await open_page(browser, api, "/docs", troubles)
    await page.get_by_role("heading", name="Send an order").wait_for()
    assert await page.evaluate("document.scripts.length") == 0
    assert await page.evaluate("getComputedStyle(document.querySelector('.reading')).maxWidth") != "none"
    assert troubles == []


async def test_the_sockets_page_shows(browser: Browser, api: Api) -> None:
    troubles: list[str] = []
    page = await open_page(browser, api, "/docs/websockets", troubles)
    await page.get_by_role("heading", name="Frames").wait_for()
    assert troubles == []
