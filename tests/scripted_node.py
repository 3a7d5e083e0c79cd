"""A node of the chain whose every answer a test decides, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from attrs import define, field, frozen

from adapters.solana.rpc import SolanaRpc
from application.ports.system import Clock
from tests.hostile_venue import reply

SLOT, HEIGHT = 5_500, 1_500
GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"


@frozen
class Refusal:
    """A JSON-RPC error."""

    code: int


@define
class ScriptedNode:
    """Answers each method with the next of what it `says`, the last one again and again.

    Bytes are a whole HTTP answer, None is silence. `asked` are the calls, with their parameters.
    """

    says: dict[str, list[Any]] = field(factory=lambda: {"getGenesisHash": [GENESIS]})
    asked: list[tuple[str, Sequence[Any]]] = field(factory=list)
    url: str = ""

    def say(self, method: str, *answers: Any) -> None:
        self.says[method] = list(answers)

    def count(self, method: str) -> int:
        return sum(asked == method for asked, _ in self.asked)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                lines = (line.partition(":") for line in head.split("\r\n"))
                length = next(int(value) for name, _, value in lines if name == "content-length")
                answer = self._answer(json.loads(await reader.readexactly(length)))
                if answer is None:
                    await reader.read()  # until the client has enough of it
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, call: Any) -> bytes | None:
        """Answer a call; those of a batch are answered from the last to the first, as any order will do."""
        if not isinstance(call, list):
            return self._one(call)
        answers = [self._one(each) for each in call]
        if None in answers:  # the first one's stands for all
            return answers[0]
        bodies = [each.partition(b"\r\n\r\n")[2] for each in answers if each is not None]
        return reply(b"[" + b",".join(reversed(bodies)) + b"]")

    def _one(self, call: Mapping[str, Any]) -> bytes | None:
        self.asked.append((call["method"], call["params"]))
        left = self.says.get(call["method"], [Refusal(-32601)])
        said = left.pop(0) if len(left) > 1 else left[0]
        if said is None or isinstance(said, bytes):
            return said
        told = {"error": {"code": said.code, "message": "?"}} if isinstance(said, Refusal) else {"result": said}
        return reply(json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}))


@asynccontextmanager
async def scripted_nodes(
    count: int, clock: Clock, **settings: float
) -> AsyncIterator[tuple[SolanaRpc, Sequence[ScriptedNode]]]:
    """Serve so many nodes, and open the adapter that asks them."""
    async with AsyncExitStack() as stack:
        nodes = [ScriptedNode() for _ in range(count)]
        for node in nodes:
            server = await stack.enter_async_context(await asyncio.start_server(node, "127.0.0.1", 0))
            node.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/key"
        rpc = SolanaRpc([node.url for node in nodes], clock, **settings)
        await rpc.open()
        stack.push_async_callback(rpc.close)
        yield rpc, nodes


def in_context(value: Any, slot: int = SLOT) -> Mapping[str, Any]:
    """Return a value with the slot that it is as of."""
    return {"context": {"apiVersion": "3.0.0", "slot": slot}, "value": value}


def status(commitment: str | None, err: Any = None, slot: int = SLOT) -> Mapping[str, Any]:
    """Return `getSignatureStatuses`' answer about one signature."""
    if commitment is None:
        return in_context([None], slot)
    found = {"slot": slot - 1, "confirmations": 1, "err": err, "confirmationStatus": commitment}
    return in_context([found], slot)


def epoch(height: int, slot: int = SLOT) -> Mapping[str, Any]:
    """Return `getEpochInfo`'s answer."""
    return {"absoluteSlot": slot, "blockHeight": height, "epoch": 0, "slotIndex": slot, "slotsInEpoch": 432_000}
