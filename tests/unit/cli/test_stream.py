"""Following an order's socket through whatever becomes of its connections."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from websockets.sync.server import ServerConnection, serve

from entrypoints.cli import stream
from entrypoints.cli.ending import NOT_IN_TIME, Trouble
from entrypoints.cli.stream import Back, Frame, Lost, follow
from entrypoints.cli.troubles import NoAnswer, NotAnEngine, NotInTime
from tests.processes import free_port
from tests.unit.cli.frames import ORDER_ID, clean_run

Act = Callable[[ServerConnection], None]


@contextmanager
def server(*acts: Act) -> Iterator[tuple[str, list[str]]]:
    """Serve one connection after the other so; give the address, and what was asked for."""
    asked: list[str] = []

    def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.path)
        acts[len(asked) - 1](socket)

    with serve(handle, "127.0.0.1", 0) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.socket.getsockname()[1]}", asked
        finally:
            running.shutdown()
            thread.join()


def sends(first: int, last: int, code: int = 1000) -> Act:
    """Send these frames of a clean run, then close."""

    def act(socket: ServerConnection) -> None:
        for frame in clean_run()[first : last + 1]:
            socket.send(frame.text)
        if code == 1006:
            socket.socket.close()
        else:
            socket.close(code)

    return act


def seqs(news: list[Frame | Lost | Back]) -> list[int]:
    return [each.seq for each in news if isinstance(each, Frame)]


def test_every_frame_comes_once_through_every_kind_of_break() -> None:
    with server(sends(0, 1, 1012), sends(2, 2, 1013), sends(3, 3, 1006), sends(4, 5)) as (url, asked):
        news = list(follow(url, ORDER_ID))
    assert seqs(news) == [0, 1, 2, 3, 4, 5]
    assert asked == [f"/ws/orders/{ORDER_ID}{query}" for query in ("", "?afterSeq=1", "?afterSeq=2", "?afterSeq=3")]
    lost = [each for each in news if isinstance(each, Lost)]
    assert [(each.why, each.after_seq) for each in lost] == [
        ("the server restarts, 1012", 1),
        ("the server has too much to do, 1013", 2),
        ("it broke off, 1006", 3),
    ]


def test_its_return_is_told() -> None:
    with server(sends(0, 0, 1012), sends(1, 5)) as (url, _):
        kinds = [type(each) for each in follow(url, ORDER_ID)]
    assert kinds == [Frame, Lost, Back, Frame, Frame, Frame, Frame, Frame]


def test_an_unknown_order_is_no_reason_to_come_back() -> None:
    with server(sends(0, -1, 4404)) as (url, _), pytest.raises(Trouble, match=r"No such order \(4404\)"):
        list(follow(url, ORDER_ID))


def test_what_is_no_frame_is_no_engine() -> None:
    with server(lambda socket: socket.send('{"hello":1}')) as (url, _), pytest.raises(NotAnEngine):
        list(follow(url, ORDER_ID))


def silent(socket: ServerConnection) -> None:
    socket.send(clean_run()[0].text)
    time.sleep(0.6)


def test_the_deadline_ends_a_silent_socket() -> None:
    with server(silent) as (url, _), pytest.raises(NotInTime) as caught:
        list(follow(url, ORDER_ID, time.monotonic() + 0.3))
    assert caught.value.exit_code == NOT_IN_TIME


def test_it_gives_up_when_nobody_is_there_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(NoAnswer, match="was gone"):
        list(follow(f"http://127.0.0.1:{free_port()}", ORDER_ID))
