"""What the console says of the engine itself: warnings, and a connection that was cut for being too slow."""

import json
import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.engines import submit
from tests.browser.screens import PHONE, Screens, has_no_sideways_scroll, shoot

TOO_SLOW = 1013
_LATELY = "2026-01-02T03:04:05.678Z"
_KEEP_NOTICES = """
window.notices = [];
addEventListener("DOMContentLoaded", () => {
  const notice = document.getElementById("toast-text");
  new MutationObserver(() => window.notices.push(notice.textContent)).observe(notice, { childList: true });
});
"""


def stats(page: Page, queue: dict[str, object] | None, **over: object) -> None:
    """Let the page read these statistics from its next question on."""
    counts = {"accepted": 5000, "confirmed": 4000, "failed": 1000, "cancelled": 7}
    worker = {"name": "w", "version": "0.1.0", "slots": 500, "inFlight": 3, "since": _LATELY, "seenAt": _LATELY}
    facts = {"open": 12, "oldestPendingSeconds": 75.5, "queue": queue, "workers": [worker]}
    rules = {
        "windows": {"1m": counts, "1h": counts, "24h": counts},
        "policy": "best_net_output",
        "defaultSlippageBps": 50,
    }
    body = json.dumps({**facts, **rules, **over})
    page.route("**/api/stats", lambda route: route.fulfill(body=body, content_type="application/json"))


def test_a_paused_queue_and_dead_letters_are_warned_of(screens: Screens) -> None:
    page = screens.open()
    stats(page, {"waiting": 9, "leased": 3, "delayed": 2, "buried": 4, "paused": True})
    warnings = page.locator("#warnings")
    expect(warnings).to_contain_text("Queue paused")
    expect(warnings).to_contain_text(re.compile(r"4\sdead letters"))
    expect(page.locator(".strip")).to_contain_text("75.5\u202fs")
    expect(page.locator(".strip")).to_contain_text(re.compile(r"20\.0\s% of 5,000"))
    expect(page.locator(".reasons li", has_text="Cancelled")).to_contain_text("7")
    expect(page.locator("#slippageBps")).to_have_attribute("placeholder", "50")
    expect(page.locator("#routing-rule")).to_contain_text("best_net_output")
    shoot(page, "list-warnings-wide")
    page.set_viewport_size(PHONE)
    assert has_no_sideways_scroll(page)
    shoot(page, "list-warnings-phone")
    stats(page, None)
    expect(warnings).to_contain_text("Queue away")
    page.route("**/api/stats", lambda route: route.fulfill(status=503, body='{"code":"store_unavailable"}'))
    expect(warnings).to_contain_text("Store away")
    page.unroute("**/api/stats")
    expect(warnings).to_be_hidden()


def test_a_halt_is_told_with_its_cause_and_the_way_out(screens: Screens) -> None:
    page = screens.open()
    queue: dict[str, object] = {"waiting": 0, "leased": 0, "delayed": 2, "buried": 0, "paused": False}
    halt = {"since": "2026-01-02T03:04:05.678Z", "why": "a drill", "by": "ada@desk", "lostWrites": False}
    warnings = page.locator("#warnings")
    stats(page, queue, halt=halt)
    expect(warnings).to_contain_text("Trading halted")
    expect(warnings).to_contain_text(re.compile(r"Since 2 Jan 2026, [\d:]{8} \S+, by ada@desk: a drill\."))
    expect(warnings).to_contain_text("order-engine trading resume")
    stats(page, None, halt={**halt, "lostWrites": True})
    expect(warnings).to_contain_text("order-engine reconcile")
    expect(warnings).to_contain_text("Queue away")


def test_a_connection_that_was_too_slow_comes_back_and_reads_the_list_again(screens: Screens) -> None:
    page = screens.open("/?user=too-slow")
    sockets: list[WebSocketRoute] = []

    def first_is_cut(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()
        if len(sockets) == 1:
            server.on_message(lambda message: None)  # what it missed, it must read
            submit(screens.url, userId="too-slow")
            socket.close(code=TOO_SLOW)

    page.route_web_socket(re.compile(r"/ws/orders\?"), first_is_cut)
    page.add_init_script(_KEEP_NOTICES)  # the first one is gone within half a second
    page.reload()
    expect(page.locator("#toast")).to_contain_text("Reconnected. The list is up to date.")
    assert page.evaluate("notices[0]").startswith("Too much at once for this connection. Reconnecting in")
    expect(page.locator(".grid-body .row .status")).to_have_text("Confirmed")
