"""Headers as they come: in several lines, and with blanks around their values."""

import pytest

from tests.api import Api
from tests.unit.http.wire import EXECUTE, HOST, JSON_TYPE, get, order_json, post, request, say

pytestmark = pytest.mark.asyncio(loop_scope="module")

BLANKS = [("", " "), ("", "\t"), (" \t ", " \t  "), ("\t", "")]


async def test_a_key_in_two_lines_that_say_the_same_is_one(shared_api: Api) -> None:
    key, user = "Idempotency-Key: twice", "twice-same"
    first, *repeats = [
        (await say(shared_api.url, post(*lines, userId=user)))[0]
        for lines in ([key], [key, key], [key, f"{key} \t", key], [key.upper().replace("TWICE", "twice"), key])
    ]
    assert first.status == 202
    for repeat in repeats:
        assert (repeat.status, repeat.body) == (202, first.body)
        assert repeat.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("other", ["two", "", "one,one", "ONE"])
async def test_keys_that_differ_are_refused(shared_api: Api, other: str) -> None:
    lines = ("Idempotency-Key: one", f"Idempotency-Key: {other}")
    for order in ({}, {"amount": 0}):
        [answer] = await say(shared_api.url, post(*lines, userId="twice-other", **order))
        fields = [error["field"] for error in answer.json["errors"]]
        assert (answer.status, fields) == (400, [*order, "Idempotency-Key"])
    assert (await shared_api.http.get("/api/orders?userId=twice-other")).json()["data"] == []


async def test_a_comma_is_a_part_of_a_key(shared_api: Api) -> None:
    for key in ("a,b", "a,a", "a"):
        [answer] = await say(shared_api.url, post(f"Idempotency-Key: {key}", userId="comma"))
        assert answer.status == 202
        assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize(("before", "after"), BLANKS)
async def test_blanks_around_a_key_are_no_part_of_it(shared_api: Api, before: str, after: str) -> None:
    for key, repeated in (("blanks", None), (f"{before}blanks{after}", "true")):
        [answer] = await say(shared_api.url, post(f"Idempotency-Key:{key}", userId=f"blank {before!r} {after!r}"))
        assert (answer.status, answer.headers.get("idempotency-replayed")) == (202, repeated)


@pytest.mark.parametrize(("before", "after"), BLANKS)
async def test_blanks_around_any_value(shared_api: Api, before: str, after: str) -> None:
    lines = (HOST, f"X-Request-Id:{before}blank{after}", f"Content-Type:{before}application/json{after}")
    body = order_json()
    length = f"Content-Length:{before}{len(body)}{after}"
    [answer] = await say(shared_api.url, request("POST", EXECUTE, *lines, length, body=body))
    assert (answer.status, answer.headers["x-request-id"]) == (202, "blank")


async def test_two_ids_of_one_request_are_none(shared_api: Api) -> None:
    answers = [
        (await say(shared_api.url, get("/health/live", "X-Request-Id: a", f"X-Request-Id: {other}")))[0]
        for other in ("a", "b")
    ]
    assert answers[0].headers["x-request-id"] == "a"
    assert answers[1].headers["x-request-id"] not in ("a", "b", "a,b")


@pytest.mark.parametrize(
    ("other", "status"), [("application/json", 202), ("text/plain", 415), ("application/json; charset=utf-8", 415)]
)
async def test_two_content_types(shared_api: Api, other: str, status: int) -> None:
    for lines in ((JSON_TYPE, f"Content-Type: {other}"), (f"Content-Type: {other}", JSON_TYPE)):
        body = order_json()
        [answer] = await say(
            shared_api.url, request("POST", EXECUTE, HOST, *lines, f"Content-Length: {len(body)}", body=body)
        )
        assert answer.status == status


@pytest.mark.parametrize(
    ("coding", "status"),
    [("identity", 202), ("Identity", 202), ("gzip", 415), ("br", 415), ("gzip, identity", 415), ("x", 415)],
)
async def test_a_content_coding_that_is_not_spoken(shared_api: Api, coding: str, status: int) -> None:
    answers = await say(shared_api.url, post(f"Content-Encoding: {coding}"), get(), answers=2)
    assert [answer.status for answer in answers] == [status, 200]
    if status == 415:
        assert answers[0].json["code"] == "unsupported_media_type"
        assert answers[0].headers["accept-encoding"] == "identity"


async def test_what_is_accepted_may_come_in_several_lines(shared_api: Api) -> None:
    lines = ("Accept: text/csv;q=0.5", "Accept: application/json")
    [answer] = await say(shared_api.url, get("/api/executions", *lines))
    assert answer.headers["content-type"].startswith("application/json")
