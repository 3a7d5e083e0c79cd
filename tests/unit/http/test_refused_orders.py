"""Orders that are refused: each says what is wrong with what, and nothing is stored."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from tests.api import ORDER, Api
from tests.unit.http.refusal import EXECUTE, GOOD, JSON, amounting_to, refused, with_more, without

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_TEXTS: list[object] = ["", "   ", "\t", None, 5, 1.5, True, ["SOL"], {"a": "SOL"}, "S\x00L", "S\nL", "S\x85L"]
NOT_AMOUNTS: list[object] = [0, -1, -0.5, 1.123456789, 10**10, 10**30, True, False, None, [], {}, [10], {"value": 10}]
NOT_AMOUNT_TEXTS = (
    *("ten", "", " ", " 10 ", "0", "0.0", "-1", "+1", "1e3", "1_000", ".5", "5.", "1,5", "0x10", "NaN", "Infinity"),
    *("1.123456789", "10000000000", "9" * 1000, "\u0661\u0660"),
)
NOT_BPS: list[object] = [-1, 10_001, 1.5, 1.0, "50", True, []]
NOT_CLIENT_IDS: list[object] = ["", "a b", "a" * 65, "a/b", "é", 5, True, []]


def one_bad_field() -> Iterator[tuple[str, object]]:
    for name in ("inputToken", "outputToken", "userId"):
        yield from ((name, value) for value in NOT_TEXTS)
    yield from (("amount", value) for value in (*NOT_AMOUNTS, *NOT_AMOUNT_TEXTS))
    yield from (("slippageBps", value) for value in NOT_BPS)
    yield from (("clientOrderId", value) for value in NOT_CLIENT_IDS)
    yield from (("inputToken", "S" * 51), ("outputToken", "é" * 51), ("userId", "u" * 256))
    yield from (("outputToken", "SOL"), ("outputToken", " sol "))
    yield from (("note", "hello"), ("", 1), ("user_id", "u"), ("Amount", 1), ("__proto__", {}), ("a\x00b", 1))


def short(value: object) -> str:
    return json.dumps(value)[:40] if not isinstance(value, bytes) else repr(value[:40])


@pytest.mark.parametrize(("field", "value"), list(one_bad_field()), ids=short)
async def test_one_bad_field(shared_api: Api, field: str, value: object) -> None:
    await refused(shared_api, "validation_failed", "POST", EXECUTE, [field], json={**ORDER, field: value})


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["amount", "inputToken", "outputToken", "userId"]),
        *((without(name), [name]) for name in ORDER),
        (without("userId", "amount"), ["amount", "userId"]),
        ({**ORDER, "inputToken": "STRASSE", "outputToken": "straße"}, ["outputToken"]),
        ({**ORDER, "a": 1, "b": 2}, ["a", "b"]),
        (
            {"inputToken": "", "outputToken": 5, "amount": None, "userId": "u", "slippageBps": "x", "extra": 1},
            ["amount", "extra", "inputToken", "outputToken", "slippageBps"],
        ),
    ],
    ids=short,
)
async def test_all_bad_fields_are_told_at_once(shared_api: Api, body: Mapping[str, object], fields: list[str]) -> None:
    await refused(shared_api, "validation_failed", "POST", EXECUTE, fields, json=body)


@pytest.mark.parametrize(
    "amount",
    [
        *("1e10", "1E+400", "1e999999999", "1e999999999999999999", "1e-9", "1e-999999999"),
        *("-1e5", "0e5", "0e999999999", "-0", "-0.0"),
        *("0.000000001", "9999999999.999999999", "1." + "0" * 5000 + "1", "9" * 4300),
    ],
    ids=short,
)
async def test_amounts_that_are_refused_as_they_are_written(shared_api: Api, amount: str) -> None:
    await refused(
        shared_api, "validation_failed", "POST", EXECUTE, ["amount"], content=amounting_to(amount), headers=JSON
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"hello", b"null", b"[]", b'"order"', b"10", b"\x00", b"<order/>", b"inputToken=SOL&amount=10"),
        *(GOOD[:-1], GOOD + b"x", GOOD + GOOD, b"\xef\xbb\xbf" + GOOD, GOOD.decode().encode("utf-16"), b"\xff\xfe"),
        *(b'{"userId": "\xff"}', with_more('"x": "\\ud800"'), with_more('"\\udfff": 1'), with_more('"amount": 10')),
        *(with_more('"x": {"a": 1, "a": 1}'), with_more('"x": ' + "[" * 16 + "]" * 16), b"[" * 16_000, b'{"a":' * 3000),
        *map(amounting_to, ("NaN", "-Infinity", "1_0", "01", "1e999999999999999999999", "1e-999999999999999999999")),
        amounting_to("9" * 5000),
    ],
    ids=short,
)
async def test_malformed_bodies(shared_api: Api, body: bytes) -> None:
    await refused(shared_api, "malformed_body", "POST", EXECUTE, content=body, headers=JSON)


@pytest.mark.parametrize(
    "kind",
    [
        *(None, "", "text/plain", "text/json", "json", "*/*", "\xff", "multipart/form-data; boundary=x"),
        *(
            "application/x-www-form-urlencoded",
            "application/problem+json",
            "application/jsonp",
            "application/json, a/b",
        ),
    ],
)
async def test_other_media_types(shared_api: Api, kind: str | None) -> None:
    headers = {} if kind is None else {b"Content-Type": kind.encode("latin-1")}
    await refused(shared_api, "unsupported_media_type", "POST", EXECUTE, content=GOOD, headers=headers)


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\tb"], ids=short)
async def test_bad_idempotency_keys(shared_api: Api, key: str) -> None:
    headers = {b"Content-Type": b"application/json", b"Idempotency-Key": key.encode()}
    for body, fields in ((GOOD, ["Idempotency-Key"]), (amounting_to("0"), ["Idempotency-Key", "amount"])):
        await refused(shared_api, "validation_failed", "POST", EXECUTE, fields, content=body, headers=headers)


async def in_parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "text/plain"}, {}])
@pytest.mark.parametrize("size", [16 * 1024 + 1, 1 << 20])
async def test_too_large_bodies(shared_api: Api, size: int, headers: dict[str, str]) -> None:
    padded = GOOD + b" " * (size - len(GOOD))
    contents: tuple[Any, ...] = (padded, in_parts(padded[:9000], padded[9000:]))
    for content in contents:
        await refused(shared_api, "payload_too_large", "POST", EXECUTE, content=content, headers=headers)


async def test_the_largest_body_that_is_read(shared_api: Api) -> None:
    padded = GOOD[:-1] + b" " * (16 * 1024 - len(GOOD)) + GOOD[-1:]
    contents: tuple[Any, ...] = (padded, in_parts(padded[:9000], padded[9000:]))
    for content in contents:
        assert (await shared_api.http.post(EXECUTE, content=content, headers=JSON)).status_code == 202


async def test_what_is_checked_first(shared_api: Api) -> None:
    """404 and 405 before the size, the size before the media type, that before the body."""
    plain = {"Content-Type": "text/plain"}
    for code, method, path in (
        ("not_found", "POST", "/api/nope"),
        ("method_not_allowed", "PUT", EXECUTE),
        ("payload_too_large", "POST", EXECUTE),
    ):
        await refused(shared_api, code, method, path, content=b"x" * 20_000, headers=plain)
    await refused(shared_api, "unsupported_media_type", "POST", EXECUTE, content=b"{", headers=plain)
    await refused(shared_api, "malformed_body", "POST", EXECUTE, content=b"{", headers=JSON)


async def test_a_refusal_leaves_the_connection_usable(shared_api: Api) -> None:
    for body, status in ((b"x" * 300_000, 413), (b"{", 400), (GOOD, 202)):
        assert (await shared_api.http.post(EXECUTE, content=body, headers=JSON)).status_code == status


UNKNOWN = {
    "many": {f"f{n}": 1 for n in range(1000)},
    "long": {"x" * 16_000: 1},
    "wide": {"\N{ROCKET}" * 4_000: 1},
    "written as escapes": {f"\\u{n:04x}" * 20: 1 for n in range(1, 120)},
}


@pytest.mark.parametrize("fields", UNKNOWN.values(), ids=UNKNOWN)
async def test_an_answer_says_little_of_what_means_nothing(shared_api: Api, fields: dict[str, int]) -> None:
    body = json.dumps({**fields, "amount": 0}, ensure_ascii=False).encode().replace(b"\\\\", b"\\")
    answer = await shared_api.http.post(EXECUTE, content=body, headers=JSON)
    problem = answer.json()
    told = {error["field"]: error["message"] for error in problem["errors"]}
    assert {"amount", "inputToken", "outputToken", "userId"} <= told.keys()
    assert len(answer.content) < 8_000
    if len(fields) > 8:
        assert told["body"] == f"and {len(fields) - 8} more: unknown field"


async def test_an_address_is_told_back_in_part(shared_api: Api) -> None:
    answer = await refused(shared_api, "not_found", "GET", "/" + "%F0%9F%9A%80" * 1500)
    assert len(answer.content) < 4_000
