"""Signing in: where the engine asks for it, with a key that is kept in the page's memory and nowhere else."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, expect

from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from tests.browser.conftest import watched
from tests.browser.engines import Guarded, guarded
from tests.browser.screens import PHONE, WIDE, Scheme, Screens, place, shoot
from tests.browser.test_accessibility import assert_accessible

OWN = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL})
ANNA = Caller("anna", OWN, "key-a")
KEYS = {
    "oe_test_annas": Grant(ANNA),
    "oe_test_desks": Grant(Caller("desk", OWN | {Scope.USERS_ANY}, "key-b")),
    "oe_test_writes": Grant(Caller("robot", frozenset({Scope.ORDERS_WRITE}), "key-c")),
}
# All that a page can leave behind or show to its scripts, but for modules' variables.
_TRACES = """
() => JSON.stringify([
  {...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state, name,
  document.documentElement.outerHTML, performance.getEntriesByType("resource").map((entry) => entry.name),
  [...document.querySelectorAll("input")].map((input) => input.value),
])
"""


@pytest.fixture
def engine() -> Iterator[Guarded]:
    with guarded() as engine:
        for key, grant in KEYS.items():
            engine.authenticator.admit(key, grant)
        yield engine


@pytest.fixture
def screens(browser: Browser, engine: Guarded) -> Iterator[Screens]:
    yield from watched(Screens(browser, engine.api.url))


def sign_in(page: Page, key: str) -> None:
    page.fill("#credential", key)
    page.click("#sign-in-button")


def live(page: Page) -> None:
    page.locator("#connection[data-state=open]").wait_for()


def users(page: Page) -> list[str]:
    return page.locator(".grid-body .c-user").all_inner_texts()


def test_before_it_is_known_who_asks_nothing_is_shown(screens: Screens, engine: Guarded) -> None:
    order_id = engine.order("anna")
    for path in ("/", f"/orders/{order_id}"):
        page = screens.open(path, live=False)
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.locator("#credential")).to_be_focused()
        expect(page.locator("#list-view")).to_be_hidden()
        expect(page.locator("#order-view")).to_be_hidden()
        expect(page.locator("#connection")).to_be_hidden()
        assert order_id not in page.inner_text("body")


def test_a_user_sees_and_places_orders_of_his_own(screens: Screens, engine: Guarded) -> None:
    engine.order("anna")
    engine.order("bert")
    page = screens.open("/?user=bert", live=False)
    sign_in(page, " oe_test_annas\n")
    live(page)
    expect(page.locator("#who")).to_have_text("anna")
    expect(page.locator(".grid-body .row")).to_have_count(1)
    assert users(page) == ["anna"]
    expect(page.locator("#filter-user")).to_be_hidden()
    expect(page.locator(".tile")).to_have_count(3)
    page.fill("#amount", "3")
    expect(page.locator("#userId")).to_have_value("anna")
    assert not page.locator("#userId").is_editable()
    page.click("#place")
    expect(page.locator("#form-outcome")).to_contain_text("accepted")
    engine.order("bert")
    engine.order("anna")
    expect(page.locator(".grid-body .row")).to_have_count(3)  # by the feed, and bert's are not in it
    assert users(page) == ["anna"] * 3
    shoot(page, "list-signed-in")


def test_who_acts_for_all_sees_all(screens: Screens, engine: Guarded) -> None:
    engine.order("anna")
    engine.order("bert")
    page = screens.open(live=False)
    sign_in(page, "oe_test_desks")
    live(page)
    expect(page.locator(".grid-body .row")).to_have_count(2)
    expect(page.locator(".tile")).to_have_count(6)
    place(page, user="carl")
    expect(page.locator(".grid-body .row")).to_have_count(3)
    page.fill("#filter-user", "bert")
    expect(page.locator(".grid-body .row")).to_have_count(1)


def test_an_orders_page_is_followed_with_a_ticket_and_anothers_is_unknown(screens: Screens, engine: Guarded) -> None:
    mine, others = engine.order("anna", executed=False), engine.order("bert")
    page = screens.open(f"/orders/{mine}", live=False)
    sign_in(page, "oe_test_annas")
    expect(page.locator(".title .status")).to_have_text("Pending")
    expect(page.locator(".steps li")).to_have_count(1)
    expect(page.locator(".operate")).to_have_count(0)
    page.click("text=Cancel order")
    expect(page.locator(".title .status")).to_have_text("Cancelled")
    expect(page.locator(".steps li")).to_have_count(2)
    page = screens.open(f"/orders/{others}", live=False)
    sign_in(page, "oe_test_annas")
    expect(page.get_by_role("heading", level=1, name="No such order")).to_be_visible()


@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        ("oe_test_annas2", "wrong, has expired or was revoked"),
        ("schlüssel", "wrong, has expired or was revoked"),
        ("x y", "wrong, has expired or was revoked"),
        ("oe_test_writes", "may not read orders"),
    ],
)
def test_a_key_that_is_no_good_is_told_so(screens: Screens, key: str, refusal: str) -> None:
    page = screens.open(live=False)
    sign_in(page, key)
    expect(page.locator("#sign-in-refusal")).to_contain_text(refusal)
    expect(page.locator("#credential")).to_have_value("")
    expect(page.locator("#credential")).to_be_focused()
    shoot(page, "sign-in-refused")
    sign_in(page, "oe_test_annas")
    live(page)


def test_a_reload_forgets_the_key_and_nothing_has_it(screens: Screens, engine: Guarded) -> None:
    order_id = engine.order("anna")
    page = screens.open(live=False)
    sign_in(page, "oe_test_annas")
    live(page)
    page.click(f"#order-{order_id} .id")
    page.locator(".why").wait_for()
    assert "oe_test_annas" not in page.evaluate(_TRACES)
    page.reload()
    expect(page.locator("#sign-in")).to_be_visible()
    expect(page.locator("#sign-in-refusal")).to_be_empty()
    assert "oe_test_annas" not in page.evaluate(_TRACES)


def test_a_key_that_ends_during_use_leads_back_to_the_sign_in(screens: Screens, engine: Guarded) -> None:
    order_id = engine.order("anna")
    page = screens.open(live=False)
    sign_in(page, "oe_test_annas")
    live(page)
    page.locator(f"#order-{order_id}").wait_for()
    engine.authenticator.revoke(ANNA)
    expect(page.locator("#sign-in-refusal")).to_contain_text("no longer takes the key")
    assert order_id not in page.content()
    shoot(page, "sign-in-again")
    sign_in(page, "oe_test_desks")
    live(page)


def test_the_first_order_is_shown_the_moment_that_it_is_read(screens: Screens, engine: Guarded) -> None:
    page = screens.open(live=False)
    sign_in(page, "oe_test_annas")
    live(page)
    expect(page.locator(".lesson")).to_contain_text("Authorization: Bearer <your key>")
    engine.order("anna")  # its birth is not published, so it is read from the list, and no frame comes after
    expect(page.locator(".grid-body .row")).to_have_count(1)


def test_signing_out_leaves_nothing(screens: Screens, engine: Guarded) -> None:
    order_id = engine.order("anna")
    page = screens.open(live=False)
    sign_in(page, "oe_test_annas")
    live(page)
    page.locator(f"#order-{order_id}").wait_for()
    page.click("#sign-out")
    expect(page.locator("#sign-in-refusal")).to_contain_text("You signed out")
    assert order_id not in page.content()
    assert page.evaluate("Object.keys(sessionStorage).length") == 0


def test_tickets_are_used_once_and_no_key_is_in_an_address(screens: Screens, engine: Guarded) -> None:
    page = screens.open(live=False)
    addresses: list[str] = []
    page.on("websocket", lambda socket: addresses.append(socket.url))
    page.on("request", lambda request: addresses.append(request.url))
    sign_in(page, "oe_test_annas")
    live(page)
    order_id = engine.order("anna")
    page.click(f"#order-{order_id} .id")
    page.locator(".why").wait_for()
    tickets = [
        found[1] for address in addresses if (found := re.search(r"/ws/orders.*[?&]ticket=([\w-]{43})", address))
    ]
    assert len(tickets) == len(set(tickets)) == 2
    assert not [address for address in addresses if "oe_test" in address]


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", ["wide", "phone"])
def test_the_sign_in_is_accessible(screens: Screens, scheme: Scheme, width: str) -> None:
    page = screens.open(size=WIDE if width == "wide" else PHONE, scheme=scheme, live=False)
    expect(page.locator("#sign-in")).to_be_visible()
    assert_accessible(page)
    sign_in(page, "wrong")
    expect(page.locator("#sign-in-refusal")).not_to_be_empty()
    assert_accessible(page)
    shoot(page, f"sign-in-{scheme}-{width}")
    sign_in(page, "oe_test_annas")
    live(page)
    assert_accessible(page)
    shoot(page, f"signed-in-{scheme}-{width}")
