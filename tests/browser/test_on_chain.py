"""A swap that landed on a chain, on the console."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.engines import holding
from tests.browser.screens import Screens, shoot
from tests.builders import a_chain_fill, an_order
from tests.contracts.order_store_harness import landed_on_chain


def test_an_orders_page_leads_to_where_its_swap_can_be_seen(browser: Browser) -> None:
    order = an_order()
    with holding(order, landed_on_chain(order, a_chain_fill(), tx_hash="5Kx")) as url:
        for screens in watched(Screens(browser, url)):
            page = screens.open(f"/orders/{order.order_id}")
            explorer = page.locator(".whole-id", has_text="Transaction").locator("a")
            expect(explorer).to_have_attribute("href", "https://explorer.solana.com/tx/5Kx")
            link = page.locator(".facts a")
            expect(page.locator(".facts")).to_contain_text("1,470.12 USDC")
            expect(page.locator(".facts")).to_contain_text("network fee 0.000105 SOL")
            expect(link).to_have_text("confirmed on solana")
            expect(link).to_have_attribute("href", "https://explorer.solana.com/tx/5Kx")
            shoot(page, "order-on-chain", whole=True)
