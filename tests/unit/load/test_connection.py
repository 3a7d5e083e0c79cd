"""The load's own HTTP connection, against servers that answer as servers may."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from entrypoints.load.connection import Address, Connection

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def server(*connections: Sequence[bytes]) -> AsyncIterator[Connection]:
    """Answer the requests of one connection after the other with these bytes, then close it."""
    waiting = list(connections)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in waiting.pop(0):
            await reader.readuntil(b"\r\n\r\n")
            for part in answer.split(b"|"):
                writer.write(part)
                await asyncio.sleep(0)
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        connection = Connection(Address.of(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"))
        yield connection
        connection.close()


async def test_answers_come_one_after_the_other_however_they_are_cut() -> None:
    chunked = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n|2\r\nab\r\n|1\r\nc\r\n0\r\n\r\n"
    async with server([OK, b"HTTP/1.1 503 No\r\nConte|nt-Length: 3\r\n\r\nn|o!", chunked]) as connection:
        answers = [await connection.ask(REQUEST) for _ in range(3)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"hi"), (503, b"no!"), (202, b"abc")]


async def test_it_connects_again_after_the_server_said_goodbye() -> None:
    goodbye = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with server([goodbye], [OK]) as connection:
        assert (await connection.ask(REQUEST)).body == b"hi"
        assert (await connection.ask(REQUEST)).body == b"hi"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"-ERR what?\r\n"])
async def test_an_answer_that_does_not_come_is_an_error_and_the_next_one_is_not(answer: bytes) -> None:
    async with server([answer], [OK]) as connection:
        with pytest.raises(OSError):  # noqa: PT011 - of any kind
            await connection.ask(REQUEST)
        assert (await connection.ask(REQUEST)).body == b"hi"


def test_addresses() -> None:
    address = Address.of("https://user@engine.example/trading")
    assert (address.host, address.port, address.path, address.tls is None) == ("engine.example", 443, "/trading", False)
    assert address.request("POST", "/x", b"{}").startswith(b"POST /trading/x HTTP/1.1\r\nHost: engine.example\r\n")
