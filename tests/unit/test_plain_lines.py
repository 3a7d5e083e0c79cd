"""The short way of a line writes what the long one does, or leaves the line to it."""

import logging
import re
from collections.abc import Mapping
from contextvars import copy_context
from io import StringIO
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as some

from application.observe import log
from application.observe.log import Log, none_is_plain
from domain.status import OrderStatus
from entrypoints import logs
from entrypoints.plain_lines import PlainLines
from entrypoints.redaction import known_secrets, redactor
from tests.unit.test_origin import TRACEPARENT

pytestmark = pytest.mark.usefixtures("logging_restored")
SECRET = "hunter2-and-more"
IDS = {"order_id": "8f14e45f-ceea-467f-a8d3-01b2c3d4e5f6", "user_id": "user123", "attempt": 1}
NASTY = [
    "a b",
    "a=b",
    'a"b',
    "a,b",
    "a\\b",
    "it's",
    "é",
    "\u202e",
    "a\nb",
    "",
    "//u:p@h",
    "Bearer abc",
    "oe_test_12345678",
]
NASTY += ["eyJhbGciOi.eyJzdWIi.c2ln", "password=abc", "[1,2]", "{}", SECRET, f"x{SECRET}y", "%s", "é@x", "a]b", "None"]
TEXTS = some.one_of(
    some.sampled_from(NASTY), some.text(max_size=12), some.from_regex(r"[a-z0-9._@+:-]{1,40}", fullmatch=True)
)
VALUES = some.one_of(
    TEXTS,
    some.integers(),
    some.booleans(),
    some.none(),
    some.floats(),
    some.sampled_from(OrderStatus),
    some.lists(TEXTS),
)


def written(log_format: str, facts: Mapping[str, object], *, short: bool, level: str = "info") -> tuple[str, bool]:
    """Return what is written of a line, its time aside, and whether that went the short way."""
    stream: TextIO = StringIO()
    handler = logging.StreamHandler(stream)
    environment = {"ORDER_ENGINE_REDIS_URL": f"redis://:{SECRET}@cache/0"}
    handler.setFormatter(logs.formatter(log_format, redactor(environment)))
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)
    logging.getLogger("order_engine").setLevel("DEBUG")
    plain = PlainLines(handler, log_format, known_secrets(environment))
    went: list[bool] = []

    def tell(level: str, event: str, facts: Mapping[str, object]) -> bool:
        went.append(short and plain(level, event, facts))
        return went[-1]

    def run() -> None:
        log.PROCESS.set({"role": "worker", "holder": "host-17-abcd"})
        log.REQUEST_ID.set("find-me")
        log.TRACEPARENT.set(TRACEPARENT)
        getattr(Log.of(), level)("order_finished", **facts)

    Log.plain = staticmethod(tell)
    copy_context().run(run)
    stream.seek(0)
    return re.sub(r"\d\d:\d\d:\d\d\.\d\d\d", "TIME", stream.read()), went[0]


@pytest.mark.parametrize("log_format", ["json", "console"])
@given(facts=some.dictionaries(some.sampled_from(["order_id", "user_id", "why", "count"]), VALUES, max_size=4))
def test_both_ways_write_the_same(log_format: str, facts: dict[str, object]) -> None:
    assert written(log_format, facts, short=True)[0] == written(log_format, facts, short=False)[0]


@pytest.mark.parametrize("level", ["debug", "info"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_that_comes_with_each_order_goes_the_short_way(log_format: str, level: str) -> None:
    facts = {**IDS, "status": OrderStatus.CONFIRMED, "tx_hash": "tx_y7nes5iiljilxz1x3tlu_mock", "ms": 3211}
    line, short = written(log_format, facts, short=True, level=level)
    assert short
    assert line == written(log_format, facts, short=False, level=level)[0]
    assert line.count("\n") == 1


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("text", NASTY[:-1])
def test_what_is_not_plain_goes_the_long_way(log_format: str, text: str) -> None:
    line, short = written(log_format, {**IDS, "user_id": text}, short=True)
    assert not short or (log_format, text) in {("json", "a,b"), ("json", ""), ("console", "")}
    assert SECRET not in line


def test_who_else_listens_hears_every_line(caplog: pytest.LogCaptureFixture) -> None:
    logs.configure("json", "info")
    logging.getLogger().addHandler(caplog.handler)
    Log.of().info("order_finished", **IDS)
    assert [record.message for record in caplog.records] == ["order_finished"]


def test_a_level_that_is_not_kept_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "warning")
    Log.of().info("order_finished", **IDS)
    assert capsys.readouterr().err == ""


def test_a_stream_that_is_gone_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    logging.basicConfig(handlers=[logging.StreamHandler(stream)], level="INFO", force=True)
    Log.plain = PlainLines(logging.getLogger().handlers[0], "json", ())  # type: ignore[arg-type]
    stream.close()
    Log.of().info("order_finished", **IDS)
    assert "closed file" in capsys.readouterr().err


def test_for_a_screen_with_colours_there_is_only_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    logs.configure("console", "info")
    assert Log.plain is none_is_plain
