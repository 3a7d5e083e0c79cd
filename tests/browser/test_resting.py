"""A resting order on the console. Nothing makes one yet, so its row is written by hand."""

from datetime import UTC, datetime

import psycopg
from attrs import evolve
from playwright.sync_api import Browser, expect

from application.frames import frame_of
from domain.events import Stamp
from tests.browser.conftest import watched
from tests.browser.engines import submit
from tests.browser.screens import Screens, shoot
from tests.builders import an_order
from tests.clients import impatient
from tests.processes import finished, running

REST = """
WITH rested AS (
    UPDATE orders SET status = 'resting', resting = true, version = 1, logs = %(logs)s
    WHERE order_id = %(id)s RETURNING id
)
INSERT INTO order_events (orders_id, seq, event_id, frame) SELECT id, 1, 'e', %(frame)s FROM rested
"""


def have_rest(database_url: str, order_id: str) -> None:
    """Have an accepted order wait for its price."""
    order = evolve(an_order(userId="rests"), order_id=order_id)
    _, event = order.rest(Stamp("e", datetime.now(UTC)), "151.2 or better")
    with psycopg.connect(database_url) as connection:
        connection.execute(REST, {"id": order_id, "logs": [event.message], "frame": frame_of(event).text})


def test_a_resting_order_is_shown_and_cancelled(browser: Browser, database_url: str, redis_db_url: str) -> None:
    settings = impatient(database_url, redis_db_url)
    assert finished("migrate", settings=settings).returncode == 0
    with running("api", settings=settings) as engine:  # without a worker orders stay as they are
        order_id, pending = submit(engine.url, userId="rests"), submit(engine.url, userId="waits")
        have_rest(database_url, order_id)
        for screens in watched(Screens(browser, engine.url)):
            page = screens.open()
            expect(page.locator(f"#order-{order_id} .status")).to_have_text("Resting")
            expect(page.locator(f"#order-{pending} .status")).to_have_text("Pending")
            page.select_option("#filter-status", "resting")
            expect(page.locator(f"#order-{pending}")).to_have_count(0)
            expect(page.locator(f"#order-{order_id} .status")).to_have_text("Resting")
            expect(page.locator("#warnings")).to_contain_text("No worker")
            shoot(page, "list-resting")
            story = screens.open(f"/orders/{order_id}")
            expect(story.locator(".title .status")).to_have_text("Resting")
            expect(story.locator(".steps li[data-status=resting] .message")).to_have_text("Waiting for 151.2 or better")
            expect(story.locator(".quotes-body")).to_have_text("The order waits for its price.")
            shoot(story, "order-resting")
            story.click("text=Cancel order")
            expect(story.locator(".title .status")).to_have_text("Cancelled")
            expect(page.locator(f"#order-{order_id}")).to_have_count(0)
