"""Log lines: ours and others' through one renderer, by key, without secrets."""

import json
import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Protocol

import pytest

from application import observe
from application.observe.log import SPARED, Log, Sparing
from application.ports.errors import StoreUnavailable
from domain.order import Order, Step
from domain.origin import Origin
from domain.routing import lowest_price
from domain.status import FailureReason
from entrypoints import logs
from entrypoints.web import observe as http_observe
from tests.builders import START, VENUES, a_request, a_stamp, an_order
from tests.unit.test_origin import TRACE, TRACEPARENT

pytestmark = pytest.mark.usefixtures("logging_restored")
SECRET = "hunter2"
URL = f"postgresql://user:{SECRET}@db.internal:5432/orders"


class Lines(Protocol):
    def __call__(self, tell: Callable[[], object], level: str = "debug") -> list[dict[str, Any]]: ...


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return the lines, as JSON, of a call in a context of its own."""

    def read(tell: Callable[[], object], level: str = "debug") -> list[dict[str, Any]]:
        logs.configure("json", level)
        copy_context().run(tell)
        return [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]

    return read


def test_a_line_says_when_what_who_and_about_what(lines: Lines) -> None:
    order = an_order()
    step = order.request_quotes(a_stamp(), VENUES)

    def tell() -> None:
        observe.process_named("worker", "host-17-abcd")
        observe.step_stored(order, step)

    [line] = lines(tell)
    assert list(line) == ["at", "level", "event", "role", "holder", "order_id", "attempt", "seq", "step", "status"]
    assert len(json.dumps({"at": line["at"]})[:-1] + ",") == 34  # where chaos cuts its lines
    assert line["at"][-5] == "."
    assert line["at"][-1] == "Z"
    assert {**line, "at": ""} == {
        "at": "",
        "level": "debug",
        "event": "step_stored",
        "role": "worker",
        "holder": "host-17-abcd",
        "order_id": order.order_id,
        "attempt": 1,
        "seq": 1,
        "step": "quotes_requested",
        "status": "routing",
    }


def test_lines_of_a_request_name_it(lines: Lines) -> None:
    def tell() -> None:
        http_observe.request_begun("find-me")
        observe.order_accepted("an-id", "a-user", replayed=False)
        logging.getLogger("psycopg.pool").warning("slow")

    ours, theirs = lines(tell)
    assert (ours["request_id"], ours["order_id"]) == ("find-me", "an-id")
    assert (theirs["request_id"], theirs["logger"], theirs["event"]) == ("find-me", "psycopg.pool", "slow")


@pytest.mark.parametrize("name", ["uvicorn.error", "psycopg.pool", "redis", "asyncio", "httpx"])
def test_of_others_only_warnings_and_worse_are_kept(lines: Lines, name: str) -> None:
    def tell() -> None:
        logger = logging.getLogger(name)
        logger.debug("> TEXT %s", "a payload")
        logger.info("HTTP Request: POST %s", URL)
        logger.warning("%d of %s", 2, "them", extra={"websocket": "an object of theirs"})

    [line] = lines(tell)
    assert {**line, "at": ""} == {"at": "", "level": "warning", "event": "2 of them", "logger": name}


def test_levels(lines: Lines) -> None:
    def tell() -> None:
        observe.order_accepted("an-id", "a-user", replayed=False)
        observe.attempt_failed(an_order(), "slippage_exceeded")
        observe.lease_lost("an-id")

    assert [line["event"] for line in lines(tell, "warning")] == ["lease_lost"]


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "text",
    [
        f"cannot connect to {URL}",
        f"redis://:{SECRET}@cache:6379/0 is away",
        f"host=db user=u password={SECRET} dbname=orders",
        f"host=db user=u password='{SECRET} and \\'more\\'{SECRET}' dbname=orders",
        f"https://key:{SECRET}@venue.example/quotes, twice: {URL}",
        f"GET /ws/orders?afterSeq=1&ticket={SECRET} HTTP/1.1",
        f'127.0.0.1:5 - "WebSocket /ws/orders?ticket={SECRET}" [accepted]',
        f"GET /ws/orders?access_token={SECRET}&key={SECRET} HTTP/1.1",
        f"< Authorization: Bearer {SECRET}",
    ],
)
def test_secrets_are_blotted_out(capsys: pytest.CaptureFixture[str], log_format: str, text: str) -> None:
    logs.configure(log_format, "info")
    logging.getLogger("psycopg.pool").warning(text)
    observe.store_away("a test", StoreUnavailable(text))
    try:
        raise OSError(text)
    except OSError as error:
        observe.job_failed("an-id", error)
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    written = capsys.readouterr().err
    assert SECRET not in written
    assert written.count("***") >= 4


def test_an_error_has_its_stack(lines: Lines) -> None:
    def tell() -> None:
        try:
            lowest_price([])
        except ValueError as error:
            observe.job_failed("an-id", error)

    [line] = lines(tell)
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert "lowest_price" in line["exception"]


def ended(order: Order) -> Step:
    return order.fail(a_stamp(), FailureReason.CANCELLED)


def test_a_workers_lines_name_the_request_that_the_order_came_by(lines: Lines) -> None:
    order = Order.new("an-id", a_request(), START, origin=Origin("find-me", TRACEPARENT))

    def tell() -> None:
        observe.order_taken(order)
        observe.attempt_failed(order, "slippage_exceeded")
        observe.venue_refused("an-id", 1, "Raydium", "quote", "took too long")
        observe.step_stored(order, ended(order))

    told = lines(tell, "info")
    assert [line["event"] for line in told] == ["attempt_failed", "venue_refused", "order_finished"]
    assert {(line["order_id"], line["request_id"], line["trace_id"]) for line in told} == {("an-id", "find-me", TRACE)}
    assert {**told[2], "at": ""} == {
        "at": "",
        "level": "info",
        "event": "order_finished",
        "request_id": "find-me",
        "trace_id": TRACE,
        "order_id": "an-id",
        "user_id": "user123",
        "attempt": 1,
        "status": "failed",
        "reason": "cancelled",
        "ms": 0,
    }


def test_an_end_by_another_request_names_both(lines: Lines) -> None:
    order = Order.new("an-id", a_request(), START, origin=Origin("of-the-order", TRACEPARENT))

    def tell() -> None:
        http_observe.request_begun("of-the-cancel")
        observe.step_stored(order, ended(order))

    [line] = lines(tell, "info")
    assert (line["request_id"], line["trace_id"], line["by_request_id"]) == ("of-the-order", TRACE, "of-the-cancel")


def test_an_order_of_an_earlier_release_names_whoever_ends_it(lines: Lines) -> None:
    def tell() -> None:
        http_observe.request_begun("of-the-cancel")
        observe.step_stored(order := an_order(), ended(order))

    [line] = lines(tell, "info")
    assert (line["request_id"], line.get("trace_id"), line.get("by_request_id")) == ("of-the-cancel", None, None)


def test_a_console_line_is_one_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console", "info")
    observe.venue_refused("an-id", 2, "Raydium", "quote", "took too long")
    line = capsys.readouterr().err
    assert "\x1b" not in line
    assert line.count("\n") == 1
    for part in ("info", "venue_refused", "order_id=an-id", "attempt=2", "why='took too long'"):
        assert part in line


def test_whatever_is_told_is_one_line_of_json(lines: Lines) -> None:
    [line] = lines(lambda: observe.order_unreadable("two\nlines \u2028 é", ValueError("\x00\ud800")))
    assert line["order_id"] == "two\nlines \u2028 é"


UNSEEN = "a\u2028b\x85c\u202ed\u200be\x1b[2Jf\U000e0041g\rh"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_shows_what_is_written(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    logs.configure(log_format, "info")
    logging.getLogger("redis").warning("said %s", UNSEEN)
    observe.order_unreadable(UNSEEN, ValueError(UNSEEN))
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 2
    assert written.replace("\n", "").isprintable()
    if log_format == "json":
        ours = json.loads(written.splitlines()[1])
        assert ours["order_id"] == UNSEEN
    try:
        raise ValueError(UNSEEN)
    except ValueError as error:
        observe.job_failed(UNSEEN, error)
    assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_what_comes_for_each_order_is_one_line_every_ten_seconds(lines: Lines) -> None:
    now = 100.0
    away = Sparing(Log.of().warning, "away", counted="orders", monotonic=lambda: now)

    def fifty() -> None:
        for number in range(50):
            away(count=2, order_id=number)

    [first] = lines(fifty)
    assert (first["event"], first["orders"], first["order_id"]) == ("away", 2, 0)
    now += 9.9
    assert lines(fifty) == []
    [of_another] = lines(lambda: away("another"))
    assert of_another["orders"] == 1
    now += 0.1
    [later] = lines(fifty)
    assert (later["orders"], later["order_id"]) == (49 * 2 + 100 + 2, 0)


def test_a_line_of_orders_that_are_not_queued_says_what_happens_next(lines: Lines) -> None:
    [line] = lines(lambda: observe.orders_not_queued(3, ValueError("away")))
    assert (line["event"], line["orders"]) == ("order_not_queued", 3)
    assert "sweep" in line["then"]


def test_what_may_be_of_many_things_is_not_remembered_for_ever() -> None:
    for number in range(6_000):
        observe.swap_outcome_unknown("id", 1, f"tx_{number}", ValueError())
    assert len(SPARED) == 5_000
