"""What the command line shows an engine: the key or token of the environment, and to nobody who must not have it."""

from pathlib import Path

import httpx
import pytest

from entrypoints.cli.client import EngineClient
from entrypoints.cli.credential import FILE_VARIABLE, KEY_VARIABLE, BadCredential, credential_for
from entrypoints.load.connection import Address

HERE, SAFE = "http://127.0.0.1:3000", "https://engine.example"
KEY = "oe_test_" + "A" * 43


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("url", [HERE, "http://localhost", "http://[::1]:3000", SAFE])
def test_it_is_shown_on_this_machine_and_over_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert credential_for(url) is None
    monkeypatch.setenv(KEY_VARIABLE, f" {KEY} ")
    assert credential_for(url) == KEY


def test_it_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    assert credential_for(HERE) == KEY
    monkeypatch.setenv(KEY_VARIABLE, "a.b.c")
    assert credential_for(HERE) == "a.b.c"


@pytest.mark.parametrize("url", ["http://engine.example", "http://192.0.2.7:3000", "http://localhost.example"])
def test_it_is_not_sent_in_plain_text_to_another_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    for send in (credential_for, EngineClient, Address.of):
        with pytest.raises(BadCredential) as refused:
            send(url)
        assert KEY not in str(refused.value)


@pytest.mark.parametrize("text", ["a b", "a\tb", "schlüssel", "x" * 8193, "a\r\nX: y"])
def test_what_is_no_credential_is_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(KEY_VARIABLE, text)
    with pytest.raises(BadCredential, match="neither an API key nor a token"):
        credential_for(HERE)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    with pytest.raises(BadCredential, match="cannot be read"):
        credential_for(HERE)


def test_every_request_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    shown = []

    def answer(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers["Authorization"])
        return httpx.Response(200, json={"data": [], "nextCursor": None})

    with EngineClient(HERE, httpx.MockTransport(answer)) as client:
        list(client.order_pages(1))
    assert shown == [f"Bearer {KEY}"]
    assert f"\r\nAuthorization: Bearer {KEY}\r\n".encode() in Address.of(HERE).request("GET", "/api/orders")
    assert KEY not in repr(Address.of(HERE))


def test_a_password_of_the_url_is_shown_in_every_way_and_printed_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://anna:hunter2@engine.example/oe"
    basic = "Authorization: Basic YW5uYTpodW50ZXIy"
    request = Address.of(url).request("GET", "/api/orders")
    assert f"\r\n{basic}\r\n".encode() in request
    assert request.startswith(b"GET /oe/api/orders HTTP/1.1\r\nHost: engine.example\r\n")
    assert EngineClient(url).url == "https://engine.example/oe"
    assert "hunter2" not in repr(Address.of(url))
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with pytest.raises(BadCredential, match="only one of them") as refused:
        EngineClient(url)
    assert "hunter2" not in str(refused.value)
