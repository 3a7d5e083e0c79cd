"""`/openapi.json`, `/asyncapi.json` and `/docs` as they are served."""

import re

import pytest

from entrypoints.web.pages.descriptions import asyncapi, openapi
from entrypoints.web.pages.descriptions.websockets import websockets_page
from tests.api import running_api

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
        assert "unsafe-eval" not in policy
        assert re.findall(r"<script(?! src=)| on\w+=|style=", page.text) == []
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert address.startswith(("/", "data:"))
            if address.startswith("/"):
                assert (await api.http.get(address)).status_code == 200, address


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
