"""Where an order came from: what is believed of a `traceparent`."""

import pytest

from domain.origin import NOWHERE, Origin, read_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("text", [TRACEPARENT, f"01-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-comes-later"])
def test_a_traceparent_is_read_as_version_00(text: str) -> None:
    assert read_traceparent(text) == TRACEPARENT


def test_of_the_flags_only_the_first_is_known() -> None:
    assert [read_traceparent(f"{TRACEPARENT[:-2]}{flags}") for flags in ("03", "02", "00")] == [
        TRACEPARENT,
        f"{TRACEPARENT[:-2]}00",
        f"{TRACEPARENT[:-2]}00",
    ]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
        f" {TRACEPARENT}",
        f"{TRACEPARENT}\n",
    ],
)
def test_what_is_none_is_not_believed(text: str | None) -> None:
    assert read_traceparent(text) is None


def test_an_origin_names_its_trace() -> None:
    assert Origin("a-request", TRACEPARENT).trace_id == TRACE
    assert (Origin("a-request").trace_id, NOWHERE.trace_id) == (None, None)
