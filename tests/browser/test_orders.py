"""Placing orders and watching them."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.conftest import watched
from tests.browser.engines import in_memory, orders_of, submit
from tests.browser.screens import PHONE, Screens, place, shoot
from tests.processes import EngineProcess

CONFIRMED = re.compile("Confirmed")


def first_row(page: Page, user: str) -> str:
    return f".grid-body .row:has(.c-user:text-is('{user}'))"


def test_an_order_is_placed_and_seen_to_its_end(screens: Screens) -> None:
    page = screens.open()
    place(page, user="places", amount="0.12345678")
    row = page.locator(first_row(page, "places"))
    expect(row.locator(".c-amount")).to_have_text("0.12345678")
    expect(row.locator(".status")).to_have_text(CONFIRMED)
    expect(row.locator(".c-venue")).to_have_text(re.compile("Raydium|Meteora"))
    expect(row.locator(".c-price")).to_have_text(re.compile(r"1\d\d\.\d{4}"))
    expect(row.locator(".c-received")).to_have_text(re.compile(r"1\d\.\d\d"))
    expect(page.locator("#form-outcome")).to_contain_text("accepted")
    shoot(page, "list-one-confirmed")


def test_an_orders_page_tells_its_story_as_it_happens(screens: Screens) -> None:
    order_id = submit(screens.url, userId="story", slippageBps=600, clientOrderId="desk-7")
    page = screens.open(f"/orders/{order_id}")
    expect(page.locator(".title .status")).to_have_text(CONFIRMED)
    expect(page.locator(".steps li")).to_have_count(6)
    expect(page.locator(".steps .took").nth(1)).to_have_text(re.compile(r"\d+\sms"))
    expect(page.locator(".quotes tbody tr")).to_have_count(2)
    expect(page.locator(".quotes [data-chosen=true]")).to_have_count(1)
    expect(page.locator(".why")).to_contain_text("by the policy lowest_price, which compares prices before fees")
    expect(page.locator(".facts")).to_contain_text(re.compile(r"[+\u2212]?\d+\.\d\sbps"))
    expect(page.locator(".facts")).to_contain_text("slippage limit 600\u202fbps")
    transaction = page.locator(".whole-id", has_text="Transaction").locator("code")
    expect(transaction).to_have_text(orders_of(screens.url, "story")[0]["txHash"])
    expect(page.locator(".whole-id", has_text="Client order id").locator("code")).to_have_text("desk-7")
    page.click("text=Copy JSON")
    expect(page.locator("text=Copied")).to_be_visible()
    frames = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [frame["seq"] for frame in frames] == list(range(6))
    shoot(page, "order-confirmed", whole=True)


def test_a_page_loaded_midway_shows_what_was_and_what_comes(screens: Screens) -> None:
    order_id = submit(screens.url, userId="midway")
    page = screens.open(f"/orders/{order_id}")
    page.locator(".steps li[data-status=building]").wait_for()
    page.reload()
    expect(page.locator(".title .status")).to_have_text(CONFIRMED)
    expect(page.locator(".steps li")).to_have_count(6)
    assert page.locator(".steps li").evaluate_all("rows => rows.map((row) => row.dataset.seq)") == list("012345")


def test_two_screens_see_the_same(screens: Screens) -> None:
    one, other = screens.open(), screens.open()
    place(one, user="two-screens")
    for page in (one, other):
        expect(page.locator(first_row(page, "two-screens")).locator(".status")).to_have_text(CONFIRMED)


def test_bad_values_are_told_at_their_fields(screens: Screens) -> None:
    page = screens.open()
    page.fill("#outputToken", "sol")
    place(page, user=" ", amount="-3", slippage="lots")
    told = {name: page.locator(f"#{name}-error") for name in ("outputToken", "amount", "userId", "slippageBps")}
    expect(told["outputToken"]).to_have_text("Must differ from what is sold")
    expect(told["amount"]).to_have_text("Must be greater than 0")
    expect(told["userId"]).to_have_text("Must not be blank")
    expect(told["slippageBps"]).to_have_text("Must be an integer")
    expect(page.locator("#outputToken")).to_be_focused()
    assert "amount-error" in (page.get_attribute("#amount", "aria-describedby") or "")
    shoot(page, "form-errors")
    page.fill("#amount", "3")
    expect(told["amount"]).to_have_count(0)
    page.fill("#outputToken", "USDC")
    place(page, user="mended", amount="3")
    expect(page.locator("#form-outcome")).to_contain_text("accepted")


def test_a_lost_answer_does_not_order_twice(screens: Screens) -> None:
    page = screens.open()
    keys: list[str | None] = []

    def lose_the_first(route: Route, request: Request) -> None:
        keys.append(request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()  # it reaches the engine; its answer is lost
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/orders/execute", lose_the_first)
    place(page, user="lost-answer")
    expect(page.locator("#form-outcome")).to_contain_text("accepted")
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert len(orders_of(screens.url, "lost-answer")) == 1
    place(page, user="lost-answer")  # the same again is another order
    expect(page.locator(first_row(page, "lost-answer"))).to_have_count(2)
    assert keys[2] != keys[1]


def test_an_unknown_order_is_told_so(screens: Screens) -> None:
    page = screens.open("/orders/no-such-order")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such order")
    shoot(page, "order-missing")


@pytest.fixture(scope="module")
def slow_engine() -> Iterator[EngineProcess]:
    """An engine whose venues take long to quote."""
    with in_memory(MOCK_QUOTE_MS="8000") as engine:
        yield engine


@pytest.fixture
def slow_screens(browser: Browser, slow_engine: EngineProcess) -> Iterator[Screens]:
    """Screens before it."""
    yield from watched(Screens(browser, slow_engine.url))


def test_an_order_is_cancelled_while_it_can_be(slow_screens: Screens) -> None:
    order_id = submit(slow_screens.url, userId="cancels")
    page, late = slow_screens.open(f"/orders/{order_id}"), slow_screens.open(f"/orders/{order_id}")
    expect(page.locator(".title .status")).to_have_text("Routing")
    shoot(page, "order-in-flight")

    def cancel_before(route: Route) -> None:
        """Let the first screen be quicker than the second one, whose button is still there."""
        page.click("text=Cancel order")
        expect(page.locator(".title .status")).to_have_text("Cancelled")
        route.continue_()

    late.route("**/cancel", cancel_before)
    late.click("text=Cancel order")
    expect(late.locator(".refusal")).to_contain_text("Too late to cancel")
    for screen in (page, late):
        expect(screen.locator(".title .status")).to_have_text("Cancelled")
        expect(screen.locator("text=Cancel order")).to_be_hidden()
        expect(screen.locator(".steps li[data-status=failed]")).to_have_count(0)
    shoot(page, "order-cancelled")
    page.click("text=All orders")
    page.fill("#filter-user", "cancels")
    page.select_option("#filter-status", "failed")
    expect(page.locator("#empty")).to_contain_text("No order matches")
    page.select_option("#filter-status", "cancelled")
    expect(page.locator(f"#order-{order_id} .status[data-status=cancelled]")).to_have_text("Cancelled")
    expect(page.locator(f"#order-{order_id} .c-received")).to_be_empty()


def test_an_operator_decides_on_the_page(slow_screens: Screens) -> None:
    order_id = submit(slow_screens.url)
    page = slow_screens.open(f"/orders/{order_id}")
    page.click("text=Operate")
    page.click("text=Requeue")
    outcome = page.locator(".operate [role=status]")
    expect(outcome).to_have_text("It is in the queue.")
    page.click("text=Revive")
    expect(outcome).to_contain_text("Not done: The order's job is no dead letter")
    page.fill("#operate-reason", "a drill")
    shoot(page, "order-operate", whole=True)
    page.click(".decisions >> text=Fail")
    page.click("text=Press again to fail it")
    expect(page.locator(".title .status")).to_have_text("Failed")
    expect(outcome).to_have_text("The order is failed.")


def test_times_are_shown_here_or_in_utc(screens: Screens) -> None:
    order_id = submit(screens.url, userId="zones")
    page = screens.open(f"/orders/{order_id}", timezone="Asia/Kolkata")
    expect(page.locator(".summary")).to_contain_text(re.compile(r"\d+ \w+ \d{4}, \d\d:\d\d:\d\d GMT\+5:30"))
    page.click("#zone-button")
    expect(page.locator(".summary")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d UTC"))
    expect(page.locator(".timeline-panel .count")).to_contain_text("times in UTC")
    page.reload()
    expect(page.locator("#zone-button")).to_have_text("UTC")
    expect(page.locator(".summary")).to_contain_text("UTC")


def test_on_a_phone_a_placed_order_comes_into_view(screens: Screens) -> None:
    page = screens.open(size=PHONE)
    page.click("#form-toggle")
    place(page, user="on-a-phone")
    expect(page.locator(first_row(page, "on-a-phone"))).to_be_in_viewport()
    shoot(page, "list-placed-phone")


@pytest.fixture
def failing_screens(browser: Browser) -> Iterator[Screens]:
    """Screens before an engine on which every swap fails."""
    with in_memory(MOCK_FAILURE_RATE="1", RETRY_BASE_MS="100") as engine:
        yield from watched(Screens(browser, engine.url))


def test_a_failed_order_shows_each_attempt(failing_screens: Screens) -> None:
    order_id = submit(failing_screens.url)
    page = failing_screens.open(f"/orders/{order_id}")
    expect(page.locator(".title .status")).to_have_text("Failed")
    expect(page.locator(".attempt h3")).to_have_text(["Attempt 1", "Attempt 2", "Attempt 3"])
    expect(page.locator(".facts")).to_contain_text("Slippage exceeded")
    shoot(page, "order-failed", whole=True)
    page.click("text=All orders")
    expect(page.locator(".c-received[data-reason]")).to_have_text("Slippage exceeded")
    shoot(page, "list-failed")
    expect(page.locator(".c-attempt[data-retried]")).to_have_text("3")
