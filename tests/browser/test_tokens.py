"""With a token list orders keep addresses, and people see symbols."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.engines import in_memory
from tests.browser.screens import Screens, place

SOL = "So11111111111111111111111111111111111111112"


def test_tokens_of_the_list_have_their_symbols(browser: Browser) -> None:
    with in_memory(TOKEN_LIST="solana-mainnet") as engine:
        for screens in watched(Screens(browser, engine.url)):
            page = screens.open()
            expect(page.locator("#tokens option")).to_have_count(14)
            place(page, user="listed")
            row = page.locator(".grid-body .row")
            expect(row.locator(".c-pair")).to_have_text("SOL → USDC")
            expect(row.locator(".c-pair")).to_have_attribute(
                "title", f"Sell {SOL} for EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
            )
            row.locator(".id").click()
            expect(page.locator(".order-head bdi").first).to_have_text("SOL")
            expect(page.locator(".order-head bdi").first).to_have_attribute("title", SOL)
            expect(page.locator("table.quotes thead")).to_contain_text("Net USDC")
            page.go_back()
            page.fill("#inputToken", "SLO")
            place(page, user="listed")
            expect(page.locator("#form-outcome")).to_contain_text("SLO is no symbol or address of the token list")
