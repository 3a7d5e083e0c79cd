"""Watching an order's socket through whatever becomes of its connections."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice
from threading import Thread
from typing import Any

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from order_engine_client import (
    AsyncClient,
    Back,
    Client,
    Forbidden,
    Frame,
    Lost,
    NoAnswer,
    NotAnEngine,
    OrderEngineError,
    OrderNotFound,
    OutOfTime,
    Unauthenticated,
    Unreachable,
    ValidationFailed,
    attempts,
    following,
)
from order_engine_client.address import Address
from tests.processes import free_port

Act = Callable[[ServerConnection], None]
STEPS = ["pending", "routing", "routing", "building", "submitted", "confirmed"]
REFUSALS: list[tuple[int, type[OrderEngineError]]] = [
    (4400, ValidationFailed),
    (4401, Unauthenticated),
    (4404, OrderNotFound),
]


def text(seq: int) -> str:
    told = {"orderId": "1", "status": STEPS[seq], "message": f"Step {seq}", "seq": seq, "attempt": 1, "userId": "anna"}
    return json.dumps({**told, "timestamp": "2026-01-02T03:04:05.678Z"})


@contextmanager
def server(*acts: Act, **options: Any) -> Iterator[tuple[str, list[str]]]:
    """Serve one connection after the other so; give the address, and what was asked for."""
    asked: list[str] = []

    def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.path)
        acts[len(asked) - 1](socket)

    with serve(handle, "127.0.0.1", 0, **options) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.socket.getsockname()[1]}", asked
        finally:
            running.shutdown()
            thread.join()


def sends(first: int, last: int, code: int = 1000) -> Act:
    """Send these frames, then close."""

    def act(socket: ServerConnection) -> None:
        for seq in range(first, last + 1):
            socket.send(text(seq))
        if code == 1006:
            socket.socket.close()
        else:
            socket.close(code)

    return act


@pytest.fixture(autouse=True)
def brief_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_SECONDS", 0.001)


HASTY = [sends(0, -1), sends(0, 1), sends(2, 1), sends(2, 5)]
BREAKS = [sends(0, 1, 1012), sends(2, 2, 1013), sends(3, 3, 1006), sends(3, 4, 1000), sends(5, 5)]
QUERIES = ["", "?afterSeq=1", "?afterSeq=2", "?afterSeq=3", "?afterSeq=4"]


def test_a_close_before_the_final_frame_is_no_end_whoever_says_that_all_was_well() -> None:
    with server(*HASTY) as (url, asked), Client(url) as client:
        frames = list(client.watch("1"))
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert len(asked) == len(HASTY)


def test_every_frame_comes_once_through_every_kind_of_break() -> None:
    news: list[Lost | Back] = []
    with server(*BREAKS) as (url, asked), Client(url) as client:
        frames = list(client.watch("a b", on_connection=news.append))
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert asked == [f"/ws/orders/a%20b{query}" for query in QUERIES]
    assert news == [
        Lost("the server restarts, 1012", 1),
        Back(),
        Lost("the server has too much to do, 1013", 2),
        Back(),
        Lost("it broke off, 1006", 3),
        Back(),
        Lost("it was closed, 1000", 4),
        Back(),
    ]


async def test_the_same_for_asyncio() -> None:
    with server(*BREAKS) as (url, asked):
        async with AsyncClient(url) as client:
            assert [frame.seq async for frame in client.watch("1")] == [0, 1, 2, 3, 4, 5]
    assert len(asked) == 5


def test_beyond_the_end_of_a_final_order_there_is_nothing() -> None:
    with server(sends(0, -1)) as (url, _), Client(url) as client:
        assert list(client.watch("1", after_seq=5)) == []


@pytest.mark.parametrize(("code", "kind"), REFUSALS)
def test_a_refusal_is_no_reason_to_come_back(code: int, kind: type[OrderEngineError]) -> None:
    with server(sends(0, -1, code)) as (url, asked), Client(url) as client, pytest.raises(kind, match=str(code)):
        list(client.watch("1"))
    assert len(asked) == 1


def test_what_is_no_frame_is_no_engine() -> None:
    with (
        server(lambda socket: socket.send('{"hello":1}')) as (url, _),
        Client(url) as client,
        pytest.raises(NotAnEngine, match="no update of an order"),
    ):
        list(client.watch("1"))


@pytest.mark.parametrize(
    ("status", "content_type", "kind"),
    [
        (HTTPStatus.FORBIDDEN, "application/problem+json", Forbidden),
        (HTTPStatus.UNAUTHORIZED, "text/html", Unauthenticated),
        (HTTPStatus.OK, "text/html", NotAnEngine),
    ],
)
def test_a_handshake_that_is_answered_with_http(
    status: HTTPStatus, content_type: str, kind: type[OrderEngineError]
) -> None:
    def refuse(socket: ServerConnection, _: Request) -> Response:
        response = socket.respond(status, json.dumps({"code": "forbidden"}))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = content_type
        response.headers["WWW-Authenticate"] = "Basic"
        return response

    with server(process_request=refuse) as (url, _), Client(url) as client, pytest.raises(kind):
        list(client.watch("1"))


def test_a_socket_shows_the_credential_too() -> None:
    shown: list[str] = []

    def note(_: ServerConnection, request: Request) -> None:
        shown.append(request.headers["Authorization"])

    with server(sends(0, 5), sends(0, 5), process_request=note) as (url, _):
        list(Client(url.replace("//", "//anna:hunter2@")).watch("1"))
        list(Client(url, api_key="oe_test_x").watch("1"))
    assert shown == ["Basic YW5uYTpodW50ZXIy", "Bearer oe_test_x"]


async def test_a_redirect_is_not_followed() -> None:
    """Nor is what it shows shown there."""

    def move(socket: ServerConnection, _: Request) -> Response:
        response = socket.respond(HTTPStatus.FOUND, "")
        response.headers["Location"] = "/elsewhere"
        return response

    with server(sends(0, 5), process_request=move) as (url, asked):
        with Client(url) as client, pytest.raises(NotAnEngine, match="its WebSocket was answered 302"):
            list(client.watch("1"))
        async with AsyncClient(url) as other:
            with pytest.raises(NotAnEngine, match="its WebSocket was answered 302"):
                [frame async for frame in other.watch("1")]
    assert asked == []


def test_a_server_that_is_away_for_a_moment_is_waited_for() -> None:
    answers = [HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE]

    def refuse(socket: ServerConnection, _: Request) -> Response | None:
        return socket.respond(answers.pop(0), "") if answers else None

    with server(sends(0, 5), process_request=refuse) as (url, _), Client(url) as client:
        assert [frame.seq for frame in client.watch("1")] == [0, 1, 2, 3, 4, 5]


def silent(socket: ServerConnection) -> None:
    socket.send(text(0))
    for _ in socket:  # until the client leaves
        pass


async def test_the_deadline_ends_a_silent_socket() -> None:
    with server(silent, silent) as (url, _):
        with Client(url) as client, pytest.raises(OutOfTime, match=r"within 0\.2 s"):
            list(client.watch("1", timeout=0.2))
        async with AsyncClient(url) as other:
            with pytest.raises(OutOfTime):
                [frame async for frame in other.watch("1", timeout=0.2)]


def test_it_gives_up_when_nobody_is_there_for_long() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client:
        with pytest.raises(Unreachable, match="Nobody answers"):
            list(client.watch("1", patience=0))
        with pytest.raises(OutOfTime):
            list(client.watch("1", patience=None, timeout=0.05))


def test_a_long_silence_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that rests for an hour, and then its server restarts: patience counts from there."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    address = Address.of("http://127.0.0.1:1", None, None)
    watched = following.of_order(address, "1", None, patience=60, timeout=None, on_connection=None)
    watched.opened()
    assert isinstance(watched.frame(text(0)), Frame)
    now = 3600.0
    assert watched.ended(OSError()) <= 2
    now = 3659.0
    watched.ended(OSError())
    now = 3661.0
    with pytest.raises(NoAnswer, match="was gone for 60 s"):
        watched.ended(OSError())


def test_the_feed_comes_back_and_says_that_it_was_away() -> None:
    news: list[Lost | Back] = []
    acts = sends(3, 3, 1012), sends(1, 1, 1000), sends(1, 1)
    with server(*acts) as (url, asked), Client(url) as client:
        frames = list(islice(client.feed("anna & co", on_connection=news.append), 3))
    assert [frame.seq for frame in frames] == [3, 1, 1]
    assert asked == ["/ws/orders?userId=anna+%26+co"] * 3
    assert [type(each) for each in news] == [Lost, Back, Lost, Back]
