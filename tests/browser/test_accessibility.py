"""axe-core finds nothing on any page, best practices among it, in light and dark, wide and on a phone."""

from typing import get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.engines import submit
from tests.browser.screens import PHONE, WIDE, Scheme, Screens, has_no_sideways_scroll, shoot


def assert_accessible(page: Page) -> None:
    """Look with all of axe's rules, best practices among them; and nothing scrolls sideways."""
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found] == []
    assert has_no_sideways_scroll(page)


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", ["wide", "phone"])
def test_every_page_is_accessible(screens: Screens, scheme: Scheme, width: str) -> None:
    size = WIDE if width == "wide" else PHONE
    order_id = submit(screens.url, userId="axe")
    page = screens.open("/?user=axe", size=size, scheme=scheme)
    page.locator(f"#order-{order_id} .status[data-status=confirmed]").wait_for()
    assert_accessible(page)
    shoot(page, f"list-{scheme}-{width}")
    if width == "phone":
        page.click("#form-toggle")
    page.fill("#amount", "none")
    page.click("#place")
    expect(page.locator("#amount-error")).to_be_visible()
    assert_accessible(page)
    shoot(page, f"form-errors-{scheme}-{width}")
    page.click(f"#order-{order_id} .id")
    page.locator(".why").wait_for()
    assert_accessible(page)
    shoot(page, f"order-{scheme}-{width}", whole=True)
    page.goto(f"{screens.url}/?user=nobody-at-all")
    expect(page.locator("#empty")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("?")
    assert_accessible(page)
