"""`/openapi.json`, `/asyncapi.json` and `/docs` as they are served."""

import re
from html import escape

import pytest

from entrypoints.web.pages.descriptions import asyncapi, openapi
from entrypoints.web.pages.descriptions.markup import prose
from entrypoints.web.pages.descriptions.reference import reference_page
from entrypoints.web.pages.descriptions.websockets import websockets_page
from tests.api import running_api
from tests.described import described_answers, operations
from tests.unit.http.wire import get, say

PAGES = ("/docs", "/docs/websockets")


async def test_the_descriptions_are_served_as_they_are_written() -> None:
    async with running_api() as api:
        assert (await api.http.get("/openapi.json")).json() == openapi()
        assert (await api.http.get("/asyncapi.json")).json() == asyncapi()


async def test_a_copy_is_asked_about_and_kept() -> None:
    async with running_api() as api:
        first = await api.http.get("/openapi.json")
        for known in (first.headers["ETag"], f'"x", W/{first.headers["ETag"]}', "*"):
            again = await api.http.get("/openapi.json", headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        other = await api.http.get("/asyncapi.json", headers={"If-None-Match": first.headers["ETag"]})
        assert other.status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_asks_this_host_alone_and_runs_nothing_of_its_own(path: str) -> None:
    async with running_api() as api:
        page = await api.http.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert re.findall(r"<script| on\w+=|style=", page.text) == []
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert address.startswith(("/", "data:"))
            if address.startswith("/"):
                assert (await api.http.get(address)).status_code == 200, address


async def test_descriptions_may_be_off() -> None:
    async with running_api(docs=False) as api:
        for path in (*PAGES, "/docs/assets/docs.css", "/openapi.json", "/asyncapi.json"):
            [answer] = await say(api.url, get(path))
            assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert (await api.http.get("/")).status_code == 200


def test_the_reference_tells_all_calls_with_their_parameters_and_codes() -> None:
    page = reference_page(openapi())
    for method, path, call in operations():
        assert f"<pre>{method.upper()} {path}</pre>" in page
        assert f'<h3 id="{call["operationId"]}">{escape(call["summary"])}</h3>' in page
    for code in (answer.code for answer in described_answers() if answer.code):
        assert f"<code>{code}</code>" in page
    for name in openapi()["components"]["schemas"]["OrderRequest"]["properties"]:
        assert f"<td><code>{name}</code></td>" in page
    assert re.findall(r"`|\*\*|###|\$ref", page) == []


def test_the_little_markdown_of_texts() -> None:
    text = "One `<b>` and **two**.\n\n### Three\n* four\n  more\n* [five](/six)\n\n```\n<seven> `8`\n```\n\n[nine](http://x)"
    assert prose(text).replace("\n", "") == (
        "<p>One <code>&lt;b&gt;</code> and <strong>two</strong>.</p><h3>Three</h3><ul><li>four  more</li>"
        '<li><a href="/six">five</a></li></ul><pre>&lt;seven&gt; `8`</pre><p>[nine](http://x)</p>'
    )


def test_the_sockets_page_tells_all_that_the_description_has() -> None:
    page = websockets_page(asyncapi())
    for channel in asyncapi()["channels"].values():
        assert f"<code>{channel['address']}</code>" in page
        for close in channel["x-close-codes"]:
            assert f"<td>{close['code']}</td>" in page
    for message in asyncapi()["components"]["messages"].values():
        assert f"<h3>{message['title']}</h3>" in page
    assert "`" not in page
    assert "Raydium &amp; Meteora" in page
