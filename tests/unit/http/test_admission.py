"""Which connections may stay: used ones, few unused ones of an address, and no more than there are files."""

import logging
import resource
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from uvicorn.server import ServerState

from application.observe.metrics import CONNECTIONS_REFUSED
from entrypoints.web.http.admission import CONNECTIONS_MOST, QUIET_LOOKS, Admission
from entrypoints.web.http.protocol import ProblemHttpProtocol
from tests.api import running_api
from tests.unit.http.recorder import Recorder
from tests.unit.http.test_protocol import GET, HELLO, connected
from tests.unit.http.wire import connect, get, next_answer


class Client(Recorder):
    """A client's connection, of which the server's end is looked at as if seconds had passed."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        super().__init__((address, 4000))
        self.server: Any = connected(HELLO, self, ServerState(), ProblemHttpProtocol)

    def says(self, data: bytes) -> "Client":
        self.server.data_received(data)
        return self


def look(admission: Admission, clients: Iterable[Client]) -> None:
    """Look at all that are open, as a server does once a second."""
    ends = [client.server for client in clients if not client.closed]
    admission.look(ends)
    for end in ends:
        end.end_if_late(1, request_seconds=30, idle_seconds=75)


def open_ones(clients: list[Client]) -> list[int]:
    return [number for number, client in enumerate(clients) if not client.closed]


async def test_of_too_many_that_wait_those_go_that_wait_longest() -> None:
    admission, clients = Admission(2), [Client() for _ in range(2)]
    look(admission, clients)
    clients += [Client(), Client(), Client()]
    look(admission, clients)
    assert open_ones(clients) == [2, 3, 4]
    look(admission, clients)
    assert len(open_ones(clients)) == 2


async def test_a_burst_of_clients_has_until_the_next_look() -> None:
    admission, clients = Admission(2), [Client() for _ in range(50)]
    look(admission, clients)
    assert len(open_ones(clients)) == 50
    for client in clients:
        client.says(GET)
    for _ in range(70):
        look(admission, clients)
    assert len(open_ones(clients)) == 50


@pytest.mark.parametrize("said", [b"", b"\r\n", GET[:-2], GET[:-4] + b"\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_half_a_request_does_not_count_as_one(said: bytes) -> None:
    admission, clients = Admission(2), [Client().says(said) for _ in range(5)]
    look(admission, clients)
    look(admission, clients)
    assert len(open_ones(clients)) == 2


async def test_each_address_has_its_own_and_what_one_client_was_given_counts_as_one() -> None:
    addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", "::ffff:10.0.0.1"]
    admission, clients = Admission(1), [Client(address) for address in addresses]
    look(admission, clients)
    look(admission, clients)
    assert sorted(set(open_ones(clients)) | {2, 3}) == [0, 1, 2, 3, 4, 5]
    assert len(open_ones(clients)) == 5


def limit_files(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (most, most))


def refused() -> float:
    counter = CONNECTIONS_REFUSED["files"]
    return counter.cells[counter.at]


@pytest.mark.parametrize("limit", [resource.RLIM_INFINITY, 1 << 20])
async def test_there_is_an_end_even_where_files_have_none(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    limit_files(monkeypatch, limit)
    admission = Admission()
    assert not admission.is_full(CONNECTIONS_MOST - 1)
    assert admission.is_full(CONNECTIONS_MOST)


async def test_some_files_are_kept_for_the_process_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_files(monkeypatch, 1000)
    admission = Admission()
    assert admission.is_full(1000 - 64)
    assert not admission.is_full(700)
    limit_files(monkeypatch, 600)
    assert admission.is_full(600)
    limit_files(monkeypatch, 10)
    assert not admission.is_full(0)


async def test_what_is_refused_is_counted_each_time_and_logged_now_and_then(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limit_files(monkeypatch, 1000)
    admission, before = Admission(), refused()
    for _ in range(QUIET_LOOKS * 2):
        admission.is_full(1000)
        admission.look([])
    assert refused() - before == QUIET_LOOKS * 2
    lines = [record for record in caplog.records if record.getMessage() == "connections_refused"]
    assert [vars(line)["files"] for line in lines] == [1, QUIET_LOOKS + 1]
    assert {line.levelno for line in lines} == {logging.WARNING}


async def test_one_for_which_there_is_no_room_is_closed_at_once_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_api() as api:
        reader, writer = await connect(api.url)
        writer.write(get())
        assert await next_answer(reader)
        await api.http.get("/health/live")
        with monkeypatch.context() as patched:
            patched.setattr(Admission, "is_full", lambda _self, count: count >= 2)
            refused, refused_writer = await connect(api.url)
            with suppress(ConnectionResetError):
                assert await refused.read() == b""
            refused_writer.close()
            writer.write(get())
            assert await next_answer(reader)
        again, again_writer = await connect(api.url)
        again_writer.write(get())
        assert await next_answer(again)
        again_writer.close()
        writer.close()
