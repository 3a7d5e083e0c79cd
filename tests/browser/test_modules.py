"""The console's pure modules, each asked in the browser that runs them."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import watched
from tests.browser.screens import Screens
from tests.processes import EngineProcess


@pytest.fixture(scope="module")
def page(browser: Browser, engine: EngineProcess) -> Iterator[Page]:
    for screens in watched(Screens(browser, engine.url)):
        yield screens.open()


def run(page: Page, module: str, call: str) -> Any:
    """Evaluate an expression over a module's names."""
    return page.evaluate(f"import('/console/js/{module}.js').then((module) => {{ with (module) return {call}; }})")


def quote(dex: str, price: str, fee: str, *, chosen: bool = False) -> str:
    return f'{{dex: "{dex}", price: "{price}", fee: "{fee}", chosen: {str(chosen).lower()}}}'


def test_decimals_keep_their_digits(page: Page) -> None:
    assert run(page, "shared/format", 'grouped("1234567.12345678")') == "1,234,567.12345678"
    assert run(page, "shared/format", 'priced("147.3")') == "147.3000"
    assert run(page, "shared/format", 'priced("1147.12345678")') == "1,147.12345678"


def test_a_price_that_is_a_quotient_is_cut_where_nobody_reads_on(page: Page) -> None:
    assert run(page, "shared/format", 'priced("149.44737733333333333")') == "149.44737733…"
    assert run(page, "shared/format", 'priced("0.00000012345678901234")') == "0.00000012345678…"


def test_a_swap_that_its_chain_undid_received_nothing(page: Page) -> None:
    execution = (
        '{finality: "undone", chain: "solana", amountOut: "74.7", networkFee: "0.00001", networkFeeAsset: "SOL"}'
    )
    order = f'{{status: "confirmed", quotes: [], executionPrice: "149.4", slippageBps: null, execution: {execution}}}'
    first = run(page, "order/facts", f"facts({order}, null).map((fact) => fact.textContent)[0]")
    assert first == "ReceivedNothingits chain undid the swap"


@pytest.mark.parametrize(
    ("quotes", "routing", "sentences"),
    [
        (
            [quote("Raydium", "150", "0.003"), quote("Meteora", "148.5", "0.002", chosen=True)],
            "{policy: 'lowest_price', compared: 'price'}",
            [
                "Meteora was taken by the policy lowest_price, which compares prices before fees: "
                "100.0\u202fbps below Raydium's.",
                "After fees Raydium offered 13.47 USDC more.",
            ],
        ),
        (
            [quote("Raydium", "150", "0.003", chosen=True), quote("Meteora", "148.5", "0.002")],
            "{policy: 'best_net_output', compared: 'netPrice'}",
            [
                "Raydium was taken by the policy best_net_output, which compares prices after fees: "
                "90.9\u202fbps above Meteora's.",
                "After fees Meteora offered 13.47 USDC less.",
            ],
        ),
        (
            [quote("Raydium", "150", "0.003", chosen=True), quote("Meteora", "148.5", "0.002")],
            "{policy: 'the_house_first', compared: 'price'}",
            [
                "Raydium was taken by the policy the_house_first, which compares prices before fees: "
                "101.0\u202fbps above Meteora's.",
                "After fees Meteora offered 13.47 USDC less.",
            ],
        ),
        (
            [quote("Raydium", "150", "0.003", chosen=True), quote("Meteora", "150", "0.003")],
            "null",
            ["Raydium was taken; by which rule was not recorded."],
        ),
        ([quote("Meteora", "148.5", "0.002", chosen=True)], "null", ["Meteora was the only venue that quoted."]),
        ([quote("Meteora", "148.5", "0.002")], "null", []),
    ],
    ids=["lowest price", "best net output", "another policy", "not recorded", "one venue", "none chosen"],
)
def test_why_a_quote_was_taken_is_told_in_words(
    page: Page, quotes: list[str], routing: str, sentences: list[str]
) -> None:
    assert run(page, "order/explain", f'whyItWon([{",".join(quotes)}], "10", "USDC", {routing})') == sentences


def test_a_story_has_attempts_with_steps_and_times(page: Page) -> None:
    frames = """[["pending", "Order accepted", 1, 0], ["routing", "Fetching quotes...", 1, 5],
      ["routing", "Attempt 1 of 3 failed: No venue could quote. Retrying in 1 s", 1, 205],
      ["routing", "Fetching quotes...", 2, 1205], ["failed", "Order cancelled", 2, 1300]].map(
      ([status, message, attempt, ms], seq) =>
        ({status, message, attempt, seq, timestamp: new Date(ms).toISOString()}))"""
    story = run(page, "order/story", f"storyOf({frames})")
    assert [(attempt["number"], [step["seq"] for step in attempt["steps"]]) for attempt in story["attempts"]] == [
        (1, [0, 1, 2]),
        (2, [3, 4]),
    ]
    steps = [step for attempt in story["attempts"] for step in attempt["steps"]]
    assert [step["until"] and step["until"] - step["at"] for step in steps] == [5, 200, 1000, 95, None]
    assert [step["failure"] for step in steps] == [False, False, True, False, True]
    assert (story["start"], story["end"]) == (0, 1300)


def test_what_may_be_a_hiccup_is_warned_of_when_it_is_said_again(page: Page) -> None:
    well = "{queue: {paused: false, buried: 0}, workers: [{}]}"
    beats = "[{...well, queue: null}, well, {...well, workers: []}, {...well, workers: []}, well, well]"
    shown = f"""(() => {{
      const [well, element, warnings] = [{well}, document.getElementById("warnings"), new Warnings()];
      const shown = () => (element.hidden ? "" : element.querySelector("strong").textContent);
      return {beats}.map((stats) => (warnings.show(stats), shown()));
    }})()"""
    assert run(page, "shell/warnings", shown) == ["", "", "", "No worker", "No worker", ""]


def test_a_list_is_sorted_and_what_has_no_value_comes_last(page: Page) -> None:
    orders = '[{orderId: "a", received: 2}, {orderId: "b"}, {orderId: "c", received: 10}]'
    ids = "map((order) => order.orderId).join('')"
    assert run(page, "list/sorting", f'sorted({orders}, "-received").{ids}') == "cab"
    assert run(page, "list/sorting", f'sorted({orders}, "received").{ids}') == "acb"
    assert run(page, "list/sorting", f'sorted({orders}, "").{ids}') == "abc"


def test_quantiles(page: Page) -> None:
    assert run(page, "list/measures", "quantile([5, 1, 4, 2, 3], 0.5)") == 3
    assert run(page, "list/measures", "quantile(Array.from({length: 100}, (_, n) => n), 0.95)") == 95
    assert run(page, "list/measures", "quantile([], 0.5)") is None
