"""How connections end, and what one may hold: half-closed, reset, silent, slow, and never read."""

import asyncio
import gc
import socket
import struct
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from entrypoints.web.http.connection import PIECE_BYTES
from entrypoints.web.http.health import Check
from entrypoints.web.http.protocol import HEAD_BYTES, READ_ON_BYTES, ProblemHttpProtocol
from entrypoints.web.server import ServerTimes
from tests.api import Api, Engine, running_api
from tests.eventually import eventually
from tests.unit.http.wire import (
    EXECUTE,
    HOST,
    JSON_TYPE,
    connect,
    get,
    next_answer,
    post,
    post_in_chunks,
    request,
    say,
    statuses,
)
from tests.unit.scenarios import Scenario, ends_made

HASTY = ServerTimes(request_seconds=0.4, idle_seconds=0.8)
MOST_SENT = 64 << 20
STILL_TURNS = 1000
MOST_A_TURN = 8192


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[ProblemHttpProtocol]]:
    """Collect the server's ends of all connections, without keeping them."""
    return ends_made(ProblemHttpProtocol, monkeypatch)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (get(), [200]),
        (post(), [202]),
        (post_in_chunks(), [202]),
        (get() + post() + get("/nope"), [200, 202, 404]),
        (post()[:-3], [400]),
        (post_in_chunks()[:-3], [400]),
        (get()[:-2], [400]),
        (post() + b"GET /hea", [202, 400]),
        (b"", []),
    ],
    ids=[
        "GET",
        "POST",
        "chunked",
        "pipelined",
        "half a body",
        "half the chunks",
        "half a head",
        "one and a half",
        "nothing",
    ],
)
def test_a_client_that_sends_no_more_gets_its_answers(
    run: Callable[[Scenario], None], raw: bytes, wanted: list[int]
) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            for cut in (0, len(raw)):
                reader, writer = await connect(api.url)
                writer.write(raw[:cut])
                await asyncio.sleep(0)
                writer.write(raw[cut:])
                writer.write_eof()
                got = []
                while answer := await next_answer(reader):
                    got.append(answer.status)
                assert got == wanted
                writer.close()

    run(scenario)


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("sent", [get(), post(), b"", post()[:-3], b"GET / HT", b"\0\0\0"])
@pytest.mark.parametrize("end", [asyncio.StreamWriter.close, asyncio.StreamWriter.write_eof, reset])
def test_nothing_is_left_of_a_connection(
    run: Callable[[Scenario], None],
    connections: list[weakref.ref[ProblemHttpProtocol]],
    sent: bytes,
    end: Callable[[asyncio.StreamWriter], None],
) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            gc.collect()
            gc.disable()  # what is freed only by a collection piles up: few are made
            try:
                for read in (False, True):
                    reader, writer = await connect(api.url)
                    writer.write(sent)
                    if read and sent in (get(), post()):
                        await next_answer(reader)
                    else:
                        await eventually(lambda: connections)
                    end(writer)
                    writer.close()
                    await eventually(lambda: connections and all(one() is None for one in connections))
            finally:
                gc.enable()

    run(scenario)


@pytest.fixture
async def hasty_api() -> AsyncIterator[Api]:
    """Run an API with little patience."""
    async with running_api(times=HASTY) as api:
        yield api


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", []),
        (b"\r\n\r\n", []),
        (b"G", [408]),
        (get()[:-1], [408]),
        (post()[:-1], [408]),
        (post_in_chunks()[:-1], [408]),
        (get() + post()[:-1], [200, 408]),
        (get(), [200]),
    ],
    ids=[
        "silent",
        "blank lines",
        "a letter",
        "half a head",
        "half a body",
        "half the chunks",
        "one and a half",
        "idle",
    ],
)
async def test_a_client_that_lets_it_wait_is_let_go(hasty_api: Api, raw: bytes, wanted: list[int]) -> None:
    reader, writer = await connect(hasty_api.url)
    writer.write(raw)
    got = []
    while answer := await next_answer(reader):
        got.append(answer.status)
    assert got == wanted
    writer.close()


async def test_one_that_sends_a_little_now_and_then_is_let_go_too(hasty_api: Api) -> None:
    reader, writer = await connect(hasty_api.url)

    async def dribble() -> None:
        writer.write(get("/", "X-A: ")[:-4])
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.05)

    dribbling = asyncio.create_task(dribble())
    answer = await next_answer(reader)
    assert answer is not None
    assert answer.status == 408
    dribbling.cancel()
    writer.close()


async def test_one_that_asks_now_and_then_stays(hasty_api: Api) -> None:
    reader, writer = await connect(hasty_api.url)
    for _ in range(6):
        writer.write(get())
        answer = await next_answer(reader)
        assert answer is not None
        assert answer.status == 200
        await asyncio.sleep(HASTY.request_seconds)
    writer.close()


async def test_one_that_waits_for_us_in_the_middle_of_a_request_is_not_late(
    connections: list[weakref.ref[ProblemHttpProtocol]],
) -> None:
    may_answer = asyncio.Event()
    async with running_api(Engine(ready={"slow": Check(may_answer.wait)})) as api:
        reader, writer = await connect(api.url)
        await eventually(lambda: connections)
        server = connections[0]()
        assert server is not None
        writer.write(get("/health/ready") + post()[:-1])
        flow = server.flow
        await eventually(lambda: flow.read_paused)
        writer.write(post()[-1:])
        for _ in range(10):
            server.end_if_late(10, request_seconds=30, idle_seconds=75)
        may_answer.set()
        answers = [await next_answer(reader), await next_answer(reader)]
        assert [answer and answer.status for answer in answers] == [200, 202]
        writer.close()


class Unread:
    """A client that sends and never reads."""

    def __init__(self, api: Api) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = httpx.URL(api.url)
        self._socket.connect((url.host, url.port))
        self._socket.setblocking(False)

    async def fill(self, piece: bytes, until: Callable[[], bool]) -> None:
        """Send as much as goes, until the fact holds for many turns in which nothing goes any more."""
        sent, rest, turns = 0, b"", 0
        while sent < MOST_SENT:
            rest = rest or piece
            try:
                gone = self._socket.send(rest)
            except BlockingIOError:
                turns = turns + 1 if until() else 0
                if turns == STILL_TURNS:
                    return
                await asyncio.sleep(0)
            else:
                turns, sent, rest = 0, sent + gone, rest[gone:]
        raise AssertionError("the server took all of it")

    def send(self, raw: bytes) -> None:
        """Send all of what is little."""
        assert self._socket.send(raw) == len(raw)

    def close(self) -> None:
        """Go."""
        self._socket.close()


def test_requests_whose_answers_are_not_read_wait_in_the_client(
    run: Callable[[Scenario], None], connections: list[weakref.ref[ProblemHttpProtocol]]
) -> None:
    async def scenario() -> None:
        async with running_api(times=ServerTimes(request_seconds=1)) as api:
            client = Unread(api)
            await eventually(lambda: connections)

            def is_stuck() -> bool:
                server = connections[0]()
                return server is not None and server.flow.write_paused and not server._reads.plain.is_reading()  # noqa: SLF001

            await client.fill(get() * 1000, is_stuck)
            waiting = sum(issubclass(type(thing), RequestResponseCycle) for thing in gc.get_objects())
            assert waiting < MOST_A_TURN / len(get())
            await eventually(lambda: connections[0]() is None)  # it is cut
            client.close()

    run(scenario)


def test_what_comes_after_a_last_request_is_not_done(
    run: Callable[[Scenario], None], connections: list[weakref.ref[ProblemHttpProtocol]]
) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            client = Unread(api)
            await eventually(lambda: connections)
            server = connections[0]()
            assert server is not None
            server.transport.set_write_buffer_limits(high=1 << 30)  # however much waits, answers are begun
            last = request("GET", "/openapi.json", "Connection: keep-alive", version="1.0")
            client.send(get("/openapi.json") * 150 + last + b"\r\n" * 10 * PIECE_BYTES + post())
            await eventually(server.transport.is_closing)
            for _ in range(STILL_TURNS):
                await asyncio.sleep(0)
            assert server.transport.get_write_buffer_size() > 0
            assert await api.engine.stored() == 0
            client.close()

    run(scenario)


TINY = {
    "a chunk's extensions": post_in_chunks()[: -len(b"\r\n\r\n")] + b";a=b" * 200_000 + b"\r\n\r\n",
    "trailers": post_in_chunks()[: -len(b"\r\n")] + b"a:b\r\n" * 200_000 + b"\r\n",
    "blank lines": b"\r\n" * 30_000,
}


@pytest.mark.parametrize("flood", TINY.values(), ids=TINY.keys())
def test_others_have_their_turns_meanwhile(run: Callable[[Scenario], None], flood: bytes) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            saying = asyncio.create_task(say(api.url, flood + get("/the-end")))
            turns = 0
            while not saying.done():
                turns += 1
                await asyncio.sleep(0)
            assert statuses(await saying) == ([202] if flood.startswith(b"POST") else [404])
            assert turns > len(flood) / MOST_A_TURN

    run(scenario)


LONG = f"Content-Length: {READ_ON_BYTES * 4}"
CHUNKED = "Transfer-Encoding: chunked"
TRAILER = post_in_chunks()[: -len(b"\r\n")] + b"X: "
ENDLESS = {
    "a body after a 413": (request("POST", EXECUTE, HOST, JSON_TYPE, LONG), b" ", [413]),
    "a body without a type": (request("POST", EXECUTE, HOST, LONG), b" ", [413]),
    "a body after a 404": (request("POST", "/nope", HOST, LONG), b" ", [404]),
    "a body after a 405": (request("DELETE", EXECUTE, HOST, LONG), b" ", [405]),
    "a body after a 200": (get("/health/live", LONG), b" ", [200]),
    "a body after a last 413": (request("POST", EXECUTE, HOST, JSON_TYPE, LONG, "Connection: close"), b" ", [413]),
    "a body behind a GET": (get() + request("POST", EXECUTE, HOST, JSON_TYPE, LONG), b" ", [200, 413]),
    "chunks after a 413": (request("POST", EXECUTE, HOST, JSON_TYPE, CHUNKED), b"64\r\n" + b" " * 100 + b"\r\n", [413]),
    "chunks after a 404": (request("POST", "/nope", HOST, CHUNKED), b"64\r\n" + b" " * 100 + b"\r\n", [404]),
    "a chunk's extension": (request("POST", EXECUTE, HOST, JSON_TYPE, CHUNKED) + b"1;", b"a", [413]),
    "a trailer": (TRAILER, b"a", [413]),
    "trailers": (TRAILER + b"a\r\n", b"a:b\r\n", [413]),
    "blank lines": (b"", b"\r\n", [400]),
    "blank lines behind a GET": (get(), b"\r\n", [200, 400]),
}


@pytest.mark.parametrize(("first", "again", "wanted"), ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_does_not_end_is_answered_and_read_no_more(first: bytes, again: bytes, wanted: list[int]) -> None:
    async with running_api() as api:
        reader, writer = await connect(api.url)
        writer.write(first + again * (2 * READ_ON_BYTES // len(again)))
        got = []
        while answer := await next_answer(reader):
            got.append(answer.status)
        assert got == wanted
        assert await api.engine.stored() == 0
        writer.close()


def heads() -> Iterator[bytes]:
    yield b"GET /" + b"a" * HEAD_BYTES
    yield get("/", "X: " + "a" * HEAD_BYTES)
    yield get("/", *["X: a"] * (HEAD_BYTES // 4))


@pytest.mark.parametrize("head", list(heads()), ids=["a long path", "a long header", "many headers"])
async def test_a_head_that_does_not_end_is_refused(head: bytes) -> None:
    async with running_api() as api:
        reader, writer = await connect(api.url)
        writer.write(get() + head[:-2])
        await next_answer(reader)
        answer = await next_answer(reader)
        assert answer is not None
        assert answer.status == 400
        writer.close()
