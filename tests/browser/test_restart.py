"""The engine goes and comes back; the pages stay, say so, and miss nothing."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.browser.engines import submit
from tests.browser.screens import Screens, shoot
from tests.processes import free_port, running

RECONNECTING = re.compile(r"The connection is lost\. Reconnecting in \d")


def test_an_order_is_confirmed_across_a_restart_without_a_reload(browser: Browser, server_dir: Path) -> None:
    settings = {
        **{"DATA_DIR": str(server_dir), "PORT": str(free_port()), "MOCK_FAILURE_RATE": "0"},
        **{"MOCK_SWAP_MIN_MS": "1500", "MOCK_SWAP_MAX_MS": "1500", "LEASE_SECONDS": "1", "RECOVERY_SECONDS": "1"},
    }
    with running("dev", settings=settings) as engine:
        for screens in watched(Screens(browser, engine.url)):
            order_id = submit(engine.url)
            page, story = screens.open(), screens.open(f"/orders/{order_id}")
            story.locator(".steps li[data-status=submitted]").wait_for()
            engine.kill()
            for screen in (page, story):
                expect(screen.locator("#toast")).to_contain_text(
                    re.compile(r"The connection is lost\. Reconnecting in \d")
                )
            shoot(page, "list-reconnecting")
            shoot(story, "order-reconnecting")
            with running("dev", settings=settings):
                missed = submit(engine.url, userId="missed")
                for screen in (page, story):
                    screen.locator("#connection[data-state=open]").wait_for(timeout=20_000)
                    expect(screen.locator("#toast")).to_contain_text("Reconnected")
                shoot(page, "list-reconnected")
                expect(story.locator(".title .status")).to_have_text("Confirmed", timeout=20_000)
                seqs = story.locator(".steps li").evaluate_all("rows => rows.map((row) => Number(row.dataset.seq))")
                assert seqs == list(range(len(seqs)))
                for known in (order_id, missed):
                    row = page.locator(f"#order-{known} .status")
                    expect(row).to_have_text("Confirmed", timeout=20_000)
                expect(page.locator("#toast")).to_be_hidden()


def test_what_the_engine_no_longer_knows_leaves_the_list(browser: Browser) -> None:
    settings = {"PORT": str(free_port())}
    with running("dev", "--memory", settings=settings) as engine:
        for screens in watched(Screens(browser, engine.url)):
            gone = submit(engine.url)
            page, story = screens.open(), screens.open(f"/orders/{gone}")
            page.locator(f"#order-{gone}").wait_for()
            story.locator(".steps li").first.wait_for()
            engine.terminate()
            with running("dev", "--memory", settings=settings):
                expect(page.locator(".lesson")).to_contain_text("No orders yet", timeout=20_000)
                story.reload()
                expect(story.get_by_role("heading", level=1)).to_have_text("No such order")
