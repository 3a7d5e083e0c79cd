"""The engine's answers and frames, held against its descriptions: nothing may be sent that they do not have."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from attrs import frozen

from entrypoints.web.pages.descriptions import asyncapi, openapi

Json = Mapping[str, Any]
OUTSIDE = "any call"  # what can be answered at any address, or where there is none
PAGE = "a page"  # what a browser opens, and its files: for people, and described nowhere
METHODS = ("get", "post", "patch", "delete")
# The answers to requests that cannot be read, or that are not for us or from a page of ours, by code.
UNREADABLE = {
    "misdirected_request": "MisdirectedRequest",
    "foreign_origin": "ForeignOrigin",
    "malformed_request": "MalformedRequest",
    "request_timeout": "RequestTimeout",
    "not_implemented": "NotImplemented",
    "http_version_not_supported": "HttpVersionNotSupported",
}
# Headers that tell something: each is described wherever it is sent.
TELLING = {
    *("X-Request-Id", "Location", "Idempotency-Replayed", "Retry-After", "Allow", "Cache-Control"),
    *("Link", "Content-Disposition", "Vary", "WWW-Authenticate"),
}
# But where all answers have them: decimals follow from `Accept`, and the pages of other origins may be listed.
EVERYWHERE = {("Cache-Control", "no-store"), ("Vary", "Origin"), ("Vary", "Accept"), ("Vary", "Accept, Origin")}


@frozen
class Answer:
    """Which described answer was given: the operation's id or OUTSIDE, the status, and the code of a problem."""

    operation: str
    status: int
    code: str | None = None


async def as_described(response: httpx.Response) -> None:
    """Check an answer; made to be a response hook of httpx."""
    body = await response.aread()
    request = response.request
    check_answer(request.method, request.url.path, response.status_code, response.headers, body)


def check_answer(method: str, path: str, status: int, headers: httpx.Headers, body: bytes) -> Answer:
    """Check that openapi.yaml has this answer, with these headers and all that is in the body; return which it is."""
    if method == "OPTIONS" and status == 200:
        assert headers["Allow"]
        assert body == b""
        return Answer(OUTSIDE, 200)
    if method in ("GET", "HEAD") and status in (200, 304) and address_of(path) is None:
        return _check_page(method, path, status, headers, body)
    operation, declared = _declared(method, path, status, body)
    _check_headers(declared, headers)
    content = declared.get("content", {})
    kind = headers.get("Content-Type", "").partition(";")[0]
    if not content or method == "HEAD":
        assert body == b""
        return Answer(operation, status)
    assert kind in content, f"{method} {path} answered {status} as {kind}"
    if not kind.endswith("json"):
        return Answer(operation, status)
    value = json.loads(body, parse_float=_exact)
    _check(content[kind]["schema"], value)
    return Answer(operation, status, value["code"] if "problem" in kind else None)


def _check_page(method: str, path: str, status: int, headers: httpx.Headers, body: bytes) -> Answer:
    """Check a page or its file: it is kept, asked about each time, and loads nothing from another host."""
    assert re.fullmatch(r"/|/(docs|orders|console)(/.*)?|/(openapi|asyncapi)\.json", path)
    assert headers["ETag"]
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert bool(body) == (method == "GET" and status == 200)
    return Answer(PAGE, status)


def described_answers() -> Iterator[Answer]:
    """Yield every answer that openapi.yaml has, and pages'; a problem once for each of its examples' codes."""
    yield from (Answer(PAGE, 200), Answer(PAGE, 304))
    for _, _, operation in operations():
        for status, response in operation["responses"].items():
            yield from _answers(operation["operationId"], int(status), response)
    for name in ("NotFound", "MethodNotAllowed", *UNREADABLE.values()):
        response = openapi()["components"]["responses"][name]
        [example] = response["content"]["application/problem+json"]["examples"].values()
        yield from _answers(OUTSIDE, example["value"]["status"], response)


def operations() -> Iterator[tuple[str, str, Json]]:
    """Yield every method (lower case) and path with its operation."""
    for path, item in openapi()["paths"].items():
        yield from ((method, path, item[method]) for method in METHODS if method in item)


def address_of(path: str) -> str | None:
    """Return the described address that a path is one of, parameters as `{name}`."""
    return next((template for pattern, template in _patterns() if pattern.fullmatch(path)), None)


def check_request(method: str, path: str, query: set[str], headers: set[str], body: Any) -> bool:
    """Check that a request has only described parameters; return whether its body is a right one."""
    item = openapi()["paths"][address_of(path)]
    operation = item[method.lower()]
    shared = [*item.get("parameters", ()), *operation.get("parameters", ())]
    parameters = [resolved(openapi(), one) for one in shared]
    assert query <= {one["name"] for one in parameters if one["in"] == "query"}
    assert headers <= {"Content-Type", *(one["name"] for one in parameters if one["in"] == "header")}
    if "requestBody" not in operation:
        return body is None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return _validator(json.dumps(schema)).is_valid(body)


def frame_kind(text: str) -> str:
    """Return the name of the one message of asyncapi.yaml that a frame is."""
    frame = json.loads(text, parse_float=_exact)
    fitting = [name for name, validator in _frames().items() if validator.is_valid(frame)]
    assert len(fitting) == 1, f"{text} is {fitting or 'no message at all'}"
    return fitting[0]


def resolved(document: Json, node: Json) -> Json:
    """Follow a node's own `$ref`, if it is one."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def strict(schema: Any) -> Any:
    """Return a schema that takes no property that it does not name, wherever it describes a whole value."""
    if not isinstance(schema, dict):
        return schema
    return {**_strict_inside(schema), "unevaluatedProperties": False}


def _strict_inside(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    inside = dict(schema)
    if "properties" in schema:
        inside["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
    if "items" in schema:
        inside["items"] = strict(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            inside[word] = [_strict_inside(part) for part in schema[word]]
    return inside


def _check(schema: Json, value: Any) -> None:
    errors = [
        f"{error.instance_path}: {error.message}"[:500] for error in _validator(json.dumps(schema)).iter_errors(value)
    ]
    assert not errors, errors


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    parts = {name: _strict_inside(part) for name, part in openapi()["components"]["schemas"].items()}
    return jsonschema_rs.Draft202012Validator(
        {**strict(json.loads(schema)), "components": {"schemas": parts}}, validate_formats=True
    )


@cache
def _frames() -> Mapping[str, jsonschema_rs.Draft202012Validator]:
    parts = asyncapi()["components"]
    schemas = {name: _strict_inside(part) for name, part in parts["schemas"].items()}
    return {
        name: jsonschema_rs.Draft202012Validator(
            {**strict(message["payload"]), "components": {"schemas": schemas}}, validate_formats=True
        )
        for name, message in parts["messages"].items()
    }


def _declared(method: str, path: str, status: int, body: bytes) -> tuple[str, Json]:
    """Return the operation's id and the response that is described for this answer."""
    outside = openapi()["components"]["responses"]
    for code, name in UNREADABLE.items():
        if status >= 400 and f'"code":"{code}"'.encode() in body:
            return OUTSIDE, outside[name]
    template = address_of(path)
    if template is None:
        refused = {404: "NotFound", 405: "MethodNotAllowed"}  # of a page, none of which is described
        assert status in refused, f"{method} {path} is not described and answered {status}"
        return OUTSIDE, outside[refused[status]]
    operation = openapi()["paths"].get(template, {}).get("get" if method == "HEAD" else method.lower())
    if operation is None:
        assert status == 405, f"{method} {path} is not described and answered {status}"
        return OUTSIDE, outside["MethodNotAllowed"]
    assert str(status) in operation["responses"], f"{method} {path} answered {status}, which is not described"
    return operation["operationId"], resolved(openapi(), operation["responses"][str(status)])


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return each address as a pattern, those without parameters first."""
    channels = (channel["address"] for channel in asyncapi()["channels"].values())
    templates = sorted({*openapi()["paths"], *channels}, key=lambda template: template.count("{"))
    return [(re.compile(_pattern(template), re.DOTALL), template) for template in templates]


def _pattern(template: str) -> str:
    return re.sub(r"\\{(\w+)\\}", "[^/]+", re.escape(template))


def _check_headers(declared: Json, headers: httpx.Headers) -> None:
    described = declared.get("headers", {})
    for name, reference in described.items():
        header = resolved(openapi(), reference)
        assert name in headers or not header.get("required"), f"{name} is missing"
        if name in headers:
            value = headers[name]
            schema = header["schema"]
            _check(schema, int(value) if schema["type"] == "integer" else value)
    telling = {name for name in TELLING if name in headers and (name, headers[name]) not in EVERYWHERE}
    assert telling <= set(described)


def _answers(operation: str, status: int, response: Json) -> Iterator[Answer]:
    content = resolved(openapi(), response).get("content", {})
    if "application/problem+json" not in content:
        yield Answer(operation, status)
        return
    examples = content["application/problem+json"]["examples"].values()
    yield from {Answer(operation, status, example["value"]["code"]) for example in examples}


def _exact(number: str) -> float:
    """Read a number, which may only have the digits that it needs."""
    assert re.fullmatch(r"-?\d+\.\d*[1-9]", number), f"{number} is not written plainly"
    return float(number)
