"""The list: filters, search, keys, what it shows when there is nothing, and a flood."""

import csv
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.engines import flowing, in_memory, submit
from tests.browser.screens import PHONE, Screens, has_no_sideways_scroll, place, shoot

ROWS = ".grid-body .row"
RIGHT_EDGES = "(elements) => elements.map((element) => element.getBoundingClientRect().right)"
FLOOD = 1_000
LONGEST_TASK_MS = 1_000  # loose: these machines are shared


@pytest.fixture
def quiet_screens(browser: Browser) -> Iterator[Screens]:
    """Screens before an engine without orders."""
    with in_memory(MOCK_SWAP_MIN_MS="50", MOCK_SWAP_MAX_MS="400") as engine:
        yield from watched(Screens(browser, engine.url))


def test_an_empty_engine_teaches_the_first_order(quiet_screens: Screens) -> None:
    page = quiet_screens.open()
    expect(page.locator(".lesson")).to_contain_text("No orders yet")
    page.click(".lesson >> text=Copy")
    expect(page.locator(".lesson >> text=Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert f"curl {quiet_screens.url}/api/orders/execute" in command
    shoot(page, "list-empty")
    page.click(".lesson >> text=the form")
    expect(page.locator("#amount")).to_be_focused()
    submit(quiet_screens.url)
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(".lesson")).to_be_hidden()


def test_the_list_goes_on_after_the_first_order_was_placed(quiet_screens: Screens) -> None:
    page = quiet_screens.open()
    place(page, user="first")
    expect(page.locator(ROWS)).to_have_count(1)
    submit(quiet_screens.url)
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator("#newer")).to_be_hidden()


def test_orders_are_found_by_user_status_and_id(screens: Screens) -> None:
    wanted = submit(screens.url, userId="finder", amount=7)
    others = [submit(screens.url, userId="other-finder") for _ in range(3)]
    page = screens.open()
    page.fill("#filter-user", "finder")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS).locator(".c-amount")).to_have_text("7")
    page.select_option("#filter-status", "failed")
    expect(page.locator("#empty")).to_contain_text("No order matches")
    page.reload()  # the address holds the filters
    expect(page.locator("#empty")).to_contain_text("No order matches")
    page.click("text=Clear the filters")
    page.fill("#search", others[0][:13])
    expect(page.locator(ROWS)).to_have_count(1)
    page.fill("#search", wanted)
    page.press("#search", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {wanted[:8]}")
    page.go_back()
    expect(page.locator("#list-view")).to_be_visible()
    page.fill("#search", str(uuid4()))
    page.press("#search", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such order")


def test_a_list_is_sorted_and_exported(screens: Screens) -> None:
    for amount in ("7", "30", "5"):
        submit(screens.url, userId="=sorts", amount=amount)
    page = screens.open("/?user==sorts")
    amounts = page.locator(f"{ROWS} .c-amount")
    expect(amounts).to_have_text(["5", "30", "7"])
    page.select_option("#sort", "-amount")
    expect(page.locator(f"{ROWS}[aria-rowindex='2'] .c-amount")).to_have_text("30")
    expect(page.locator(".c-amount[role=columnheader]")).to_have_attribute("aria-sort", "descending")
    page.reload()  # the address holds how it is sorted
    expect(page.locator(f"{ROWS}[aria-rowindex='2'] .c-amount")).to_have_text("30")
    page.click(".c-amount[role=columnheader]")
    expect(page.locator(f"{ROWS}[aria-rowindex='2'] .c-amount")).to_have_text("5")
    with page.expect_download() as download:
        page.click("text=Export CSV")
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [(row["userId"], row["amount"]) for row in rows] == [("'=sorts", amount) for amount in ("5", "30", "7")]


def test_the_keyboard_alone_is_enough(screens: Screens) -> None:
    ids = [submit(screens.url, userId="keys") for _ in range(4)]
    page = screens.open("/?user=keys")
    expect(page.locator(ROWS)).to_have_count(4)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator(f"{ROWS}[aria-selected=true] .id")).to_have_text(ids[2][:8])
    assert page.get_attribute("#grid", "aria-activedescendant") == f"order-{ids[2]}"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {ids[2][:8]}")
    page.keyboard.press("Escape")
    expect(page.locator(f"{ROWS}[aria-selected=true] .id")).to_have_text(ids[2][:8])
    expect(page.locator("#grid")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#amount")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_rows_fit_at_every_width(screens: Screens) -> None:
    submit(screens.url, userId="a-user-with-a-rather-long-name@example.com", amount="1234567.12345678")
    page = screens.open()
    for width in (1920, 1280, 1100, 1000, 820, 700, 500, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.locator(ROWS).first.wait_for()
        cells = page.locator(f"{ROWS}:first-child > *").evaluate_all(RIGHT_EDGES)
        assert max(cells) <= max(page.locator("#scroller").evaluate_all(RIGHT_EDGES)), width
        assert has_no_sideways_scroll(page), width


def test_the_theme_is_remembered(screens: Screens) -> None:
    page = screens.open()
    page.click("#theme-button")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#theme-button")).to_have_attribute("aria-pressed", "true")


def test_a_thousand_orders_flow_and_the_page_stays_quick(quiet_screens: Screens) -> None:
    page, phone = quiet_screens.open(), quiet_screens.open(size=PHONE)
    with flowing(quiet_screens.url, FLOOD):
        page.locator(ROWS).nth(10).wait_for()
        page.wait_for_timeout(1_500)
        shoot(page, "list-flowing")
    for screen in (page, phone):
        expect(screen.locator("#count")).to_have_text(re.compile(r"1,000\sorders"), timeout=20_000)
        assert screen.locator(ROWS).count() < 60
        assert has_no_sideways_scroll(screen)
        assert max(screen.evaluate("longTasks"), default=0) < LONGEST_TASK_MS
    expect(page.locator(".strip")).to_contain_text(re.compile(r"0\.0\s% of 1,000"), timeout=20_000)
    page.locator("#grid").focus()
    page.keyboard.press("End")
    expect(page.locator(f"{ROWS}[aria-rowindex='{FLOOD + 1}']")).to_be_visible()
    submit(quiet_screens.url)
    expect(page.locator("#newer")).to_have_text("↑ 1 newer")
    page.click("#newer")
    expect(page.locator(f"{ROWS}[aria-rowindex='2']")).to_be_visible()
    reloaded = quiet_screens.open()
    expect(reloaded.locator(".strip")).to_contain_text("1,001 in the last hour", timeout=20_000)  # the engine counted
    reloaded.locator(f"{ROWS} .status[data-status=confirmed]").first.wait_for()
    reloaded.locator("#scroller").evaluate("(list) => list.scrollTo(0, 1e6)")
    expect(reloaded.locator("#count")).to_have_text(re.compile(r"400\sorders loaded"))
