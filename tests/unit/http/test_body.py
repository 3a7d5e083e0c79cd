"""Reading a body: one JSON object or a clear refusal."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.web.http.body import DEPTH, parse_object
from entrypoints.web.problems import HttpProblem


def test_numbers_are_exact() -> None:
    body = parse_object(b'{"a": 0.1, "b": 10, "c": 1e3, "d": 1.10, "e": true, "f": null}')
    assert body == {"a": Decimal("0.1"), "b": 10, "c": Decimal("1E+3"), "d": Decimal("1.10"), "e": True, "f": None}
    assert [type(body[name]) for name in "abc"] == [Decimal, int, Decimal]


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b' \t\r\n{"a": 1}\n ',
        '{"a": "日本 é \U0001f600"}'.encode(),
        b'{"a": "\\u65e5 \\ud83d\\ude00"}',
        b'{"a": "[[[[[[[[[[[[[[[[[[[[{{{{{{{{"}',
        b'{"a": ' + b"[" * (DEPTH - 1) + b"]" * (DEPTH - 1) + b"}",
        b'{"a": {"b": 1}, "b": {"b": 1}}',
        b'{"a": ' + b"9" * 4000 + b"}",
        b'{"a": 1e999999999}',
    ],
)
def test_objects_are_read(raw: bytes) -> None:
    assert isinstance(parse_object(raw), dict)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"   ", "not JSON"),
        (b"hello", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": 1}}', "not JSON"),
        (b'{"a": 1} {"a": 1}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": .5}', "not JSON"),
        (b'{"a": +1}', "not JSON"),
        (b'{"a": 1_000}', "not JSON"),
        (b'{"a": 0x10}', "not JSON"),
        ('{"a": \u0661}'.encode(), "not JSON"),
        (b'{"a": "\x01"}', "not JSON"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'{"a": "\\x41"}', "not JSON"),
        (b'{"a": 1} // why', "not JSON"),
        (b"null", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"1", "not a JSON object"),
        (b"true", "not a JSON object"),
        (b"\xff", "not UTF-8"),
        (b'{"a": "\xc3\x28"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\xc0\x80"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-32-le"), "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": 1, "a": 1}', "same key twice"),
        (b'{"a": 1, "\\u0061": 2}', "same key twice"),
        (b'{"a": [{"b": {"c": 1, "c": 2}}]}', "same key twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": [["\\ud800"]]}', "surrogate"),
        (b'{"a": ' + b"[" * DEPTH + b"]" * DEPTH + b"}", "16 levels"),
        (b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1), "16 levels"),
        (b"[" * 16_000, "16 levels"),
        (b'{"a":' * 3_000, "16 levels"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": 1e999999999999999999999}', "too large to read"),
        (b'{"a": 1e-999999999999999999999}', "too large to read"),
    ],
)
def test_anything_else_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(HttpProblem) as refusal:
        parse_object(raw)
    assert refusal.value.code == "malformed_body"
    assert why in str(refusal.value)


_texts = st.sampled_from(['"a"', '"b"', '"c"', '"\u00e9"', '"\\u0061"', '":"', '"{["', '""'])
_scalars = st.sampled_from(
    ["12", "-0", "1.50", "-0.0", "1e5", "9" * 30, "true", "null", "[]", "{}", "[1]", '{"a":1}', "01"]
)
_near_json = st.lists(st.tuples(_texts, _texts | _scalars).map(":".join), max_size=4).map(
    lambda pairs: f"{{{','.join(pairs)}}}".encode()
)


@settings(deadline=None, max_examples=500)
@given(
    st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0d8ae19.-NI tfn', max_size=60).map(str.encode) | _near_json
)
def test_any_bytes_give_what_json_reads_or_a_refusal(raw: bytes) -> None:
    with suppress(HttpProblem):
        assert repr(parse_object(raw)) == repr(json.loads(raw.decode(), parse_float=Decimal))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), _values, max_size=4), st.booleans())
def test_what_json_writes_is_read_back(value: dict[str, object], ascii_only: bool) -> None:
    assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
