"""A small remote signer, as a KMS proxy would be: for tests, and for whoever writes a real one."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from attrs import define, field

from application.ports.signer import Signer

TOKEN = "a-token-of-the-signing-machine"
Answer = Callable[[bytes], bytes]


@define
class SigningMachine:
    """Signs for its wallets by `POST /wallets/ADDRESS`; `spoiled`, when set, is what it answers instead."""

    wallets: Mapping[str, Signer]
    token: str = TOKEN
    spoiled: bytes | None = None
    silent: bool = False
    heads: list[bytes] = field(factory=list)
    url: str = ""

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["SigningMachine"]:
        """Listen on this machine until the end of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def place_of(self, signer: Signer) -> str:
        """Return the URL of a wallet."""
        return f"{self.url}/wallets/{signer.public_key}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                body = await reader.readexactly(_length(head))
                if self.silent:
                    await reader.read()  # until the client has enough of it
                    return
                writer.write(self.spoiled if self.spoiled is not None else await self._answer(head, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        method, path, _ = head.decode().split(" ", 2)
        signer = self.wallets.get(path.removeprefix("/wallets/"))
        if f"authorization: bearer {self.token}".lower() not in head.decode().lower():
            return response(401, {"error": "unauthorized"})
        if method != "POST" or signer is None:
            return response(404, {"error": "no such wallet"})
        message = base64.b64decode(json.loads(body)["message"])
        return response(200, {"signature": base64.b64encode(await signer.sign(message)).decode()})


def response(status: int, body: object, head: str = "") -> bytes:
    """Write an answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{head}\r\n".encode() + content


def _length(head: bytes) -> int:
    lines = head.decode().lower().split("\r\n")
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
