"""The page of the HTTP side: openapi.yaml as HTML, for reading."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from entrypoints.web.pages.descriptions.markup import code, example, page, prose, table

Json = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
_LINKS = (("/docs/websockets", "WebSockets"), ("/openapi.json", "openapi.json"), ("/", "Console"))
_ORIGIN = "http://localhost:3000"


def reference_page(openapi: Json) -> str:
    """Return the page: what holds for all calls, then each call with what it takes and how it answers."""
    calls = list(_calls(openapi))
    parts = [prose(openapi["info"]["description"])]
    for tag in openapi["tags"]:
        named = [
            (f"`{method.upper()} {path}`", call["summary"])
            for method, path, call in calls
            if tag["name"] in call["tags"]
        ]
        parts += [f"<h2>{escape(tag['name'])}</h2>", prose(tag["description"]), table(("call", ""), named)]
        parts += [_call(openapi, *one) for one in calls if tag["name"] in one[2]["tags"]]
    return page(openapi["info"]["title"], _LINKS, parts)


def _calls(openapi: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in openapi["paths"].items():
        for method in METHODS:
            if method in item:
                shared = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                yield method, path, {**item[method], "parameters": [_resolved(openapi, one) for one in shared]}


def _call(openapi: Json, method: str, path: str, call: Json) -> str:
    answers = [(status, _resolved(openapi, answer)) for status, answer in call["responses"].items()]
    parts = [
        f'<h3 id="{escape(call["operationId"])}">{escape(call["summary"])}</h3>',
        code(f"{method.upper()} {path}"),
        prose(call.get("description", "")),
        table(
            ("parameter", "in", "meaning"), ((f"`{p['name']}`", p["in"], p["description"]) for p in call["parameters"])
        ),
        *_body(openapi, path, call),
        table(
            ("answer", "codes", "meaning"),
            ((status, _codes(openapi, answer), answer["description"]) for status, answer in answers),
        ),
        *(example(value) for status, answer in answers if status < "300" for value in _examples(openapi, answer)[:1]),
    ]
    return "\n".join(filter(None, parts))


def _body(openapi: Json, path: str, call: Json) -> Iterator[str]:
    if "requestBody" not in call:
        return
    [content] = call["requestBody"]["content"].values()
    fields = _resolved(openapi, content["schema"]).get("properties", {})
    described = ((name, _resolved(openapi, field).get("description", "")) for name, field in fields.items())
    yield prose(call["requestBody"]["description"])
    yield table(("field", "meaning"), ((f"`{name}`", text) for name, text in described))
    for one in content.get("examples", {}).values():
        yield prose(f"{one['summary']}:")
        yield example(one["value"])
    yield code(f"curl -i {_ORIGIN}{path} -H 'Content-Type: application/json' -d @order.json")


def _codes(openapi: Json, answer: Json) -> str:
    codes = {problem["code"]: None for problem in _examples(openapi, answer, "application/problem+json")}
    return ", ".join(f"`{code}`" for code in codes)


def _examples(openapi: Json, answer: Json, kind: str = "application/json") -> list[Any]:
    examples = answer.get("content", {}).get(kind, {}).get("examples", {})
    return [_resolved(openapi, one)["value"] for one in examples.values()]


def _resolved(openapi: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = openapi
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node
