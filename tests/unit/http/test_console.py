"""The console's page and files: what is delivered, and under which policy."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from posixpath import normpath

import pytest

from domain.status import FailureReason
from entrypoints.web.pages.console.resources import INDEX, console_files
from tests.api import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

NO_FILES = [
    *("/console", "/console/", "/console/index.html", "/console/js", "/console/js/none.js", "/orders", "/index.html"),
    *("/console/../resources.py", "/console/%2e%2e/resources.py", "/console/js/..%2f..%2fresources.py"),
    "/console//etc/passwd",
]


REASON = re.compile(r"^  (\w+): \"[^\"]+\",$", re.MULTILINE)


@pytest.fixture(scope="module")
def contents() -> Mapping[str, bytes]:
    return {name: path.read_bytes() for name, path in console_files().items()}


async def test_it_has_words_for_every_reason(contents: Mapping[str, bytes]) -> None:
    source = contents["js/shared/status.js"].decode().partition("REASONS")[2].partition("});")[0]
    assert set(REASON.findall(source)) == set(FailureReason)


@pytest.mark.parametrize("path", NO_FILES)
async def test_what_is_no_file_of_the_console_is_not_found(shared_api: Api, path: str) -> None:
    answer = await shared_api.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/orders/any", "/console/css/base.css"])
async def test_what_the_console_sends_runs_nothing_of_others(shared_api: Api, path: str) -> None:
    answer = await shared_api.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_the_page_takes_no_other_method(shared_api: Api) -> None:
    answer = await shared_api.http.post("/", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_every_file_that_is_named_is_there_and_none_is_left_over(contents: Mapping[str, bytes]) -> None:
    named = set(re.findall(r'(?:src|href)="/console/([^"]+)"', contents[INDEX].decode()))
    for name, content in contents.items():
        if name.endswith(".js"):
            named |= set(imported(name, content))
    assert named == set(contents) - {INDEX}


def imported(name: str, content: bytes) -> Iterator[str]:
    for other in re.findall(r'^(?:import|export) [^;]*?from "(\.[^"]+)";', content.decode(), re.MULTILINE | re.DOTALL):
        yield normpath(PurePosixPath(name).parent / other)


async def test_the_pages_scripts_do_not_know_each_other(contents: Mapping[str, bytes]) -> None:
    seen = {"client", "engine", "shared"}
    below = {"list": seen, "order": seen, "shell": seen, "engine": seen}
    for name, content in contents.items():
        folder = PurePosixPath(name).parent.name
        if name.endswith(".js") and folder != "js":
            known = {PurePosixPath(other).parent.name for other in imported(name, content)}
            assert known <= {folder} | below.get(folder, set()), name


async def test_the_page_holds_no_script_style_or_handler_of_its_own(contents: Mapping[str, bytes]) -> None:
    page = contents[INDEX].decode()
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", page) == []
    for name, content in contents.items():
        assert re.findall(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", content) == [], name
        hosts = set(re.findall(rb"https?://([^/\"'`$\s]+)", content))
        assert hosts <= {b"www.w3.org"}, name  # the namespace of SVG
