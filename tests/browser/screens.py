"""Pages of the console as a person has them before them: wide or phone, light or dark, and watched for misdeeds."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from attrs import Factory, define
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

Scheme = Literal["light", "dark"]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
FOLDER = Path("build/screenshots")

_WATCH_LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask", buffered: true });
"""


@define
class Screens:
    """Opens pages, each in a browser profile of its own; `misdeeds` is what no page may do."""

    browser: Browser
    url: str
    misdeeds: list[str] = Factory(list)
    _contexts: list[BrowserContext] = Factory(list)

    def open(
        self,
        path: str = "/",
        *,
        size: ViewportSize = WIDE,
        scheme: Scheme = "light",
        timezone: str = "UTC",
        live: bool = True,
    ) -> Page:
        """Open a page of the console, and wait until it is live."""
        context = self.browser.new_context(
            viewport=size, color_scheme=scheme, reduced_motion="reduce", timezone_id=timezone
        )
        self._contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.url)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(_WATCH_LONG_TASKS)
        page.on("pageerror", lambda error: self.misdeeds.append(f"error: {error}"))
        page.on("console", lambda message: self._heard(message))
        page.on("request", lambda request: self._requested(request.url))
        page.goto(self.url + path)
        if live:
            page.locator("#connection[data-state=open]").wait_for()
        return page

    def close(self) -> None:
        """Close all pages."""
        while self._contexts:
            self._contexts.pop().close()

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium logs each refusal of the API and each broken connection itself: those are looked at on the page.
        if message.type in ("error", "warning") and "Content Security Policy" in message.text:
            self.misdeeds.append(message.text)

    def _requested(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.url).netloc and not url.startswith("data:"):
            self.misdeeds.append(f"asked another host: {url}")


def place(page: Page, *, user: str, amount: str = "10", slippage: str = "") -> None:
    """Fill in the form and send it."""
    page.fill("#amount", amount)
    page.fill("#userId", user)
    page.fill("#slippageBps", slippage)
    page.click("#place")


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture in build/screenshots, for people to look at."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)


def has_no_sideways_scroll(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
