"""Names that an adopted row may have: they are shown as they are written, each in its own place."""

import pytest
from attrs import evolve
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import watched
from tests.browser.engines import holding
from tests.browser.screens import Screens, shoot
from tests.builders import an_order

TURNED, HIDDEN, LINES = "\u202eCDSU", "SO\u200bL\ufeff", "a\u2028b\x1bc\u2066d"
SHOWN = {TURNED: "\\u202eCDSU", HIDDEN: "SO\\u200bL\\ufeff", LINES: "a\\u2028b\\u001bc\\u2066d"}
HEBREW, ARABIC = "\u05d0\u05d1\u05d2", "\u0633\u0648\u0644"
LEFTS = "(elements) => elements.map((element) => element.getBoundingClientRect().left)"


def lefts(texts: Locator) -> list[float]:
    return list(texts.evaluate_all(LEFTS))


def test_what_cannot_be_seen_is_shown_as_its_escape(browser: Browser) -> None:
    order = evolve(an_order(), input_token=TURNED, output_token=HIDDEN, user_id=LINES)
    with holding(order) as url:
        for screens in watched(Screens(browser, url)):
            page = screens.open()
            row = page.locator(".grid-body .row")
            expect(row.locator(".c-pair")).to_have_text(f"{SHOWN[TURNED]} → {SHOWN[HIDDEN]}")
            expect(row.locator(".c-user")).to_have_text(SHOWN[LINES])
            for name in ("user", "pair"):
                title = row.locator(f".c-{name}").get_attribute("title")
                assert title
                assert title.isprintable()
            page = screens.open(f"/orders/{order.order_id}")
            expect(page.locator(".summary")).to_contain_text(f"{SHOWN[TURNED]} for {SHOWN[HIDDEN]} · {SHOWN[LINES]}")
            expect(page.locator(".frames li").first).to_contain_text(f'"inputToken":"{SHOWN[TURNED]}"')
            expect(page.locator(".facts")).to_contain_text(SHOWN[HIDDEN])
            shown = page.locator("body").inner_text()
            assert [char for char in (*TURNED, *HIDDEN, *LINES) if not char.isprintable() and char in shown] == []
            shoot(page, "order-deceptive-names")


@pytest.mark.parametrize(("sold", "bought"), [(HEBREW, ARABIC), ("SOL", HEBREW), (HEBREW, "SOL")])
def test_words_of_either_direction_stay_in_their_places(browser: Browser, sold: str, bought: str) -> None:
    order = evolve(an_order(), input_token=sold, output_token=bought, user_id=HEBREW)
    with holding(order) as url:
        for screens in watched(Screens(browser, url)):
            page = screens.open()
            words = page.locator(".grid-body .row .c-pair bdi")
            expect(words).to_have_text([sold, bought])
            assert lefts(words) == sorted(lefts(words))
            page = screens.open(f"/orders/{order.order_id}")
            words = page.locator(".summary bdi")
            expect(words).to_have_text([sold, bought, HEBREW])
            assert lefts(words) == sorted(lefts(words))
