"""Bytes to a server and back: no HTTP library may put them right."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx
from attrs import frozen

from tests.api import ORDER

HOST = "Host: localhost"
JSON_TYPE = "Content-Type: application/json"
EXECUTE = "/api/orders/execute"


@frozen
class Answer:
    """One response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


def request(method: str, path: str, *lines: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """Return a request of just these header lines."""
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""])
    return head.encode("latin-1") + body


def get(path: str = "/health/live", *lines: str) -> bytes:
    """Return a GET."""
    return request("GET", path, HOST, *lines)


def post(*lines: str, **order: object) -> bytes:
    """Return an order, with its length."""
    content = order_json(**order)
    return request("POST", EXECUTE, HOST, JSON_TYPE, f"Content-Length: {len(content)}", *lines, body=content)


def post_in_chunks(*lines: str, **order: object) -> bytes:
    """Return an order in chunks."""
    content = order_json(**order)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (content[:7], content[7:]))
    return request("POST", EXECUTE, HOST, JSON_TYPE, "Transfer-Encoding: chunked", *lines, body=chunks + b"0\r\n\r\n")


def order_json(**over: object) -> bytes:
    """Return an order's JSON."""
    return json.dumps({**ORDER, **over}).encode()


async def connect(url: str | httpx.URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection."""
    url = httpx.URL(url)
    return await asyncio.open_connection(url.host, url.port)


async def say(url: str, *pieces: bytes, answers: int = 1) -> list[Answer]:
    """Send the pieces, each in a packet of its own; return so many answers, or fewer if the server closes before."""
    reader, writer = await connect(url)
    got: list[Answer] = []
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        while len(got) < answers and (answer := await next_answer(reader)):
            got.append(answer)
    finally:
        writer.close()
    return got


async def next_answer(reader: asyncio.StreamReader) -> Answer | None:
    """Read one response with a length; None at the connection's end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(status_line.split()[1]), headers, body)


def statuses(answers: Sequence[Answer]) -> list[int]:
    """Return the answers' statuses."""
    return [answer.status for answer in answers]
