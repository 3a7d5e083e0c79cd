"""Code and descriptions have the same routes, methods, codes, states and close codes."""

import re
from collections.abc import Iterator
from pathlib import Path

from falcon.inspect import inspect_routes

from adapters.memory.authenticator import InMemoryAuthenticator
from domain.order_request import OrderRequest
from domain.status import FailureReason, OrderStatus
from entrypoints.web import closing
from entrypoints.web.app import create_app
from entrypoints.web.drain import Drain
from entrypoints.web.pages.descriptions import asyncapi, openapi
from entrypoints.web.pages.fixed import FixedResource
from entrypoints.web.params import LIMIT_DEFAULT, LIMIT_MAX
from entrypoints.web.problems import PROBLEMS
from tests.api import CLOCK, Engine, running_api
from tests.builders import an_id
from tests.described import METHODS, described_answers, operations

ROOT = Path(__file__).parents[3]
# Sent by the WebSocket library for what breaks the protocol: bad frames, bad UTF-8, too large messages.
LIBRARY_CLOSES = {1002, 1007, 1009}


def served() -> dict[str, set[str]]:
    """Return the methods of each route that is no page, with parameters named as in the descriptions."""
    routes: dict[str, set[str]] = {}
    for route in inspect_routes(create_app(Engine().services(), Drain())):
        path = re.sub(r"{(\w+)}", lambda name: f"{{{camel(name[1])}}}", route.path)
        if route.class_name != FixedResource.__name__:
            routes.setdefault(path, set()).update(method.method for method in route.methods if not method.internal)
    return routes


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def test_the_same_routes_with_the_same_methods() -> None:
    http = {path: methods - {"WEBSOCKET", "HEAD"} for path, methods in served().items()}
    described = {
        path: {method.upper() for method in METHODS if method in item} for path, item in openapi()["paths"].items()
    }
    assert {path: methods for path, methods in http.items() if methods} == described


async def test_the_same_calls_need_a_credential() -> None:
    async with running_api(Engine(authenticator=InMemoryAuthenticator(CLOCK))) as api:
        for method, path, operation in operations():
            answer = await api.http.request(method, path.replace("{orderId}", an_id()))
            assert (answer.status_code == 401) == (operation.get("security") != []), path
    assert openapi()["security"] == [{"bearer": []}, {}]  # an engine may run without


def test_head_is_where_get_is() -> None:
    for path, methods in served().items():
        assert ("HEAD" in methods) == ("GET" in methods), path


def test_the_same_sockets() -> None:
    sockets = {path for path, methods in served().items() if "WEBSOCKET" in methods}
    assert sockets == {channel["address"] for channel in asyncapi()["channels"].values()}


def test_the_same_problem_codes() -> None:
    codes = set(openapi()["components"]["schemas"]["ProblemCode"]["enum"])
    refusals = {refusal["code"]: refusal["status"] for refusal in asyncapi()["x-handshake-refusals"]}
    assert codes | set(refusals) == set(PROBLEMS)
    assert {answer.code for answer in described_answers() if answer.code} == codes
    for answer in described_answers():
        assert answer.code is None or PROBLEMS[answer.code].status == answer.status
    for code, status in refusals.items():
        assert PROBLEMS[code].status == status


def test_a_problems_words_are_those_of_the_table() -> None:
    for response in openapi()["components"]["responses"].values():
        problem = response.get("content", {}).get("application/problem+json", {"examples": {}})
        for example in problem["examples"].values():
            value = example["value"]
            assert (value["title"], value["status"]) == (
                PROBLEMS[value["code"]].title,
                PROBLEMS[value["code"]].status,
            )


def closes() -> Iterator[set[int]]:
    for channel in asyncapi()["channels"].values():
        yield {close["code"] for close in channel["x-close-codes"]}


def test_the_same_close_codes() -> None:
    sent = {value for name, value in vars(closing).items() if name.isupper() and not name.startswith("_")}
    order, feed, posted = closes()
    assert order == posted == sent | LIBRARY_CLOSES
    assert feed == order - {closing.NORMAL}  # it has no end


def test_the_page_for_people_has_the_same_codes() -> None:
    page = (ROOT / "docs" / "api-errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE))
    assert {code: int(status) for code, status in rows.items()} == {
        code: kind.status for code, kind in PROBLEMS.items()
    }
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", page, re.MULTILINE)} == set().union(*closes())


def test_the_page_for_people_has_every_call_of_programs() -> None:
    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("api.md", "webhooks.md"))
    for method, path, _ in operations():
        assert f"`{method.upper()} {path}" in page
    for channel in asyncapi()["channels"].values():
        assert f"`WebSocket {channel['address']}?" in page


def test_the_same_words() -> None:
    for document in (openapi(), asyncapi()):
        schemas = document["components"]["schemas"]
        assert schemas["OrderStatus"]["enum"] == list(OrderStatus)
        assert schemas["ReasonCode"]["enum"] == list(FailureReason)
        assert all(f'"{reason.message}"' in schemas["ReasonCode"]["description"] for reason in FailureReason)


def test_the_same_fields_of_a_request() -> None:
    fields = openapi()["components"]["schemas"]["OrderRequest"]
    assert {camel(name) for name in OrderRequest.__annotations__} == set(fields["properties"])


def test_the_same_bounds_of_a_list() -> None:
    [limit] = [one for one in openapi()["paths"]["/api/orders"]["get"]["parameters"] if one.get("name") == "limit"]
    assert (limit["schema"]["maximum"], limit["schema"]["default"]) == (LIMIT_MAX, LIMIT_DEFAULT)
