"""The Postman collection has what openapi.yaml has: each operation, with bodies and examples that fit."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from entrypoints.web.pages.descriptions import asyncapi
from tests.described import Json, address_of, check_answer, check_request, operations

FOLDER = Path(__file__).parents[3] / "docs" / "postman"
COLLECTION: Json = json.loads((FOLDER / "order-engine.postman_collection.json").read_text(encoding="utf-8"))
ENVIRONMENT: Json = json.loads((FOLDER / "order-engine.postman_environment.json").read_text(encoding="utf-8"))
AN_ID = "4be9cd15-6bd0-4a0e-9d3f-0d2c3c0b7a11"
VALUES = {
    **{"orderId": AN_ID, "webhookId": AN_ID, "$guid": AN_ID, "idempotencyKey": AN_ID},
    **{"userId": "user123", "baseUrl": "", "cursor": "c"},
}


def requests(item: Json = COLLECTION) -> Iterator[Json]:
    """Yield every request of the collection, those in folders too."""
    if "request" in item:
        yield item
    for inner in item.get("item", ()):
        yield from requests(inner)


def filled(text: str) -> str:
    return re.sub(r"{{([^}]+)}}", lambda name: VALUES[name[1]], text)


def path_of(request: Json) -> str:
    return "/" + "/".join(map(filled, request["url"]["path"]))


each_request = pytest.mark.parametrize("item", list(requests()), ids=lambda item: item["name"])


def test_every_operation_has_a_request_and_every_request_an_operation() -> None:
    asked = {(item["request"]["method"].lower(), address_of(path_of(item["request"]))) for item in requests()}
    assert asked == {(method, path) for method, path, _ in operations()}


@each_request
def test_a_request_is_one_of_its_operation(item: Json) -> None:
    request, url = item["request"], item["request"]["url"]
    query = "&".join(f"{one['key']}={one['value']}" for one in url.get("query", ()) if not one.get("disabled"))
    assert url["raw"] == "{{baseUrl}}/" + "/".join(url["path"]) + (f"?{query}" if query else "")
    assert request["description"]
    names = {one["key"] for one in url.get("query", ())}
    headers = {one["key"] for one in request["header"]}
    body = json.loads(filled(request["body"]["raw"])) if "body" in request else None
    refused = "(400)" in item["name"]
    assert check_request(request["method"], path_of(request), names, headers, body) != refused


@each_request
def test_an_example_is_a_described_answer(item: Json) -> None:
    for example in item["response"]:
        headers = httpx.Headers([(one["key"], one["value"]) for one in example["header"]])
        request = example["originalRequest"]
        check_answer(request["method"], path_of(request), example["code"], headers, example["body"].encode())


@each_request
def test_a_request_checks_its_answer(item: Json) -> None:
    [script] = [event["script"]["exec"] for event in item["event"] if event["listen"] == "test"]
    assert any(line.startswith("pm.test(") for line in script)


def test_every_variable_is_in_the_environment() -> None:
    values = {value["key"]: value["value"] for value in ENVIRONMENT["values"]}
    used = set(re.findall(r"{{(\w+)}}", json.dumps(COLLECTION)))
    assert used == set(values)
    assert values["wsUrl"] == values["baseUrl"].replace("http", "ws")


def test_the_sockets_are_told_of() -> None:
    for channel in asyncapi()["channels"].values():
        assert (
            "{{wsUrl}}" + channel["address"].replace("{", "{{").replace("}", "}}") in COLLECTION["info"]["description"]
        )
