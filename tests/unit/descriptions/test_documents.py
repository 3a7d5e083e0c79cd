"""openapi.yaml and asyncapi.yaml as documents: well formed, and their examples are examples of what they say."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from entrypoints.web.pages.descriptions import asyncapi, openapi
from tests.described import UNREADABLE, Json, frame_kind, operations, resolved, strict

ROOT = Path(__file__).parents[3]
DOCUMENTS = pytest.mark.parametrize("document", [openapi(), asyncapi()], ids=["openapi", "asyncapi"])
SHARED = ("Decimal", "Time", "OrderStatus", "ReasonCode", "Frame")


def nodes(value: Any) -> Iterator[Any]:
    """Yield a value and all that is in it."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nodes(inner)


def validator(schema: Json) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {**strict(schema), "components": openapi()["components"]}, validate_formats=True
    )


def media_types() -> Iterator[tuple[str, Json]]:
    for method, path, operation in operations():
        if "requestBody" in operation:
            yield from ((f"{method} {path}", media) for media in operation["requestBody"]["content"].values())
    responses = [response for _, _, operation in operations() for response in operation["responses"].values()]
    for response in [*responses, *openapi()["components"]["responses"].values()]:
        whole = resolved(openapi(), response)
        yield from ((whole["description"], media) for media in whole.get("content", {}).values())


def test_openapi_is_valid() -> None:
    schemathesis.openapi.from_dict(dict(openapi())).validate()


@DOCUMENTS
def test_every_reference_leads_somewhere(document: Json) -> None:
    references = [node for node in nodes(document) if isinstance(node, dict) and "$ref" in node]
    assert references
    for reference in references:
        assert resolved(document, reference)


@DOCUMENTS
def test_every_component_is_used(document: Json) -> None:
    used = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    used |= {f"#/components/securitySchemes/{name}" for one in document.get("security", ()) for name in one}
    outside = {f"#/components/responses/{name}" for name in ("NotFound", "MethodNotAllowed", *UNREADABLE.values())}
    for kind, parts in document["components"].items():
        assert {f"#/components/{kind}/{name}" for name in parts} - used - outside == set()


@DOCUMENTS
def test_the_version_is_the_engines(document: Json) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]


@pytest.mark.parametrize("name", SHARED)
def test_both_documents_say_the_same(name: str) -> None:
    assert openapi()["components"]["schemas"][name] == asyncapi()["components"]["schemas"][name]


def test_every_json_answer_has_examples_and_they_fit() -> None:
    seen = 0
    for where, media in media_types():
        schema = media["schema"]
        if schema.get("type") in ("string", "object"):
            continue  # pages, files, and the descriptions themselves
        assert media["examples"], where
        for example in media["examples"].values():
            value = resolved(openapi(), example)["value"]
            errors = [str(error) for error in validator(schema).iter_errors(value)]
            assert not errors, (where, errors)
            seen += 1
    assert seen > 30


def test_a_problems_example_is_named_after_its_code_or_says_what_it_shows() -> None:
    for _, media in media_types():
        for name, example in media.get("examples", {}).items():
            value = resolved(openapi(), example)["value"]
            if "requestId" in value:
                assert name == value["code"] or example["summary"]
                assert value["error"] == value["detail"]
                assert value["type"].endswith(f":{value['code']}")


def test_every_refusal_is_a_schema_with_a_name() -> None:
    """Generators make one class of each; of what is put together in place they make one a call, or drop it."""
    problems = {"Problem", "ValidationProblem", "UnavailableProblem"}
    for response in openapi()["components"]["responses"].values():
        schema = response["content"].get("application/problem+json", {"schema": {"anyOf": []}})["schema"]
        named = {one["$ref"].removeprefix("#/components/schemas/") for one in schema.get("anyOf", [schema])}
        assert named <= problems


def test_every_schemas_examples_fit() -> None:
    for schemas in (openapi()["components"]["schemas"], asyncapi()["components"]["schemas"]):
        for schema in (node for node in nodes(schemas) if isinstance(node, dict) and "examples" in node):
            for example in schema["examples"]:
                validator(schema).validate(example)


def test_every_messages_examples_are_that_message() -> None:
    for name, message in asyncapi()["components"]["messages"].items():
        assert message["name"] == name
        assert message["examples"]
        for example in message["examples"]:
            text = json.dumps(example["payload"])
            assert frame_kind(text) == name


def test_asyncapi_is_a_document_of_version_3() -> None:
    """What the official schema asks of the parts that are used here."""
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    assert all({"host", "protocol"} <= set(server) for server in document["servers"].values())
    messages = {f"#/components/messages/{name}" for name in document["components"]["messages"]}
    for name, channel in document["channels"].items():
        in_address = {part[1:-1] for part in channel["address"].split("/") if part.startswith("{")}
        assert set(channel.get("parameters", {})) == in_address
        assert {message["$ref"] for message in channel["messages"].values()} == messages
        assert channel["bindings"]["ws"]["bindingVersion"] == "0.1.0"
        [operation] = [one for one in document["operations"].values() if one["channel"]["$ref"] == f"#/channels/{name}"]
        assert operation["action"] == "send"
        assert [message["$ref"] for message in operation["messages"]] == [
            f"#/channels/{name}/messages/{message}" for message in channel["messages"]
        ]


def test_operations_have_ids_of_their_own_and_the_request_id() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    for _, path, operation in operations():
        shared = openapi()["paths"][path].get("parameters", [])
        parameters = [resolved(openapi(), one)["name"] for one in [*shared, *operation.get("parameters", [])]]
        assert "X-Request-Id" in parameters, path
        for response in operation["responses"].values():
            assert "X-Request-Id" in resolved(openapi(), response)["headers"], path
