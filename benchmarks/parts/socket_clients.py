"""Many WebSocket clients in one process: the helper behind `fan_out` and `idle_sockets`."""

import asyncio
import gc
import resource
import time
from array import array
from collections import Counter

import uvloop

from benchmarks.parts.helper import Answer, answer_lines
from benchmarks.parts.latencies import summary_ms
from benchmarks.parts.raw_websocket import RawSocket
from benchmarks.parts.stamped_frames import seq_of, stamp_of

AT_ONCE = 100
_BIRTH = b'"seq":0,'


class SocketClients:
    """Opens sockets and checks what comes: the birth first, then stamped frames with seqs 1, 2, 3, each once."""

    def __init__(self) -> None:
        self._sockets: list[RawSocket] = []
        self._births = 0
        self._out_of_order = 0
        self._late = array("Q")

    async def connect(self, urls: list[str]) -> Answer:
        """Open a socket for each URL, some at once; tell how many the server accepted and how long it took."""
        started = time.monotonic()
        for start in range(0, len(urls), AT_ONCE):
            await asyncio.gather(*(self._open(url) for url in urls[start : start + AT_ONCE]))
        gc.collect()
        gc.freeze()  # a collection that looks at thousands of sockets would count as the server's delay
        return {
            "opened": sum(socket.opened.result() for socket in self._sockets),
            "seconds": time.monotonic() - started,
        }

    async def count(self) -> Answer:
        """Tell how many frames came so far, births apart."""
        return {"births": self._births, "count": len(self._late)}

    async def report(self) -> Answer:
        """Tell what came since the last report: how many frames, how late, and how many not in their turn."""
        late, self._late = self._late, array("Q")
        wrong, self._out_of_order = self._out_of_order, 0
        return {**summary_ms(late), "out_of_order": wrong}

    async def state(self) -> Answer:
        """Tell how many sockets are open, and with which codes the others ended."""
        ended = Counter(str(socket.code) for socket in self._sockets if socket.code is not None)
        return {"open": len(self._sockets) - ended.total(), "ended": ended}

    async def close(self) -> Answer:
        """Cut all sockets."""
        for socket in self._sockets:
            socket.close()
        self._sockets, self._births = [], 0
        return {}

    async def _open(self, url: str) -> None:
        host, _, port = url.split("/", 3)[2].partition(":")
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: RawSocket(url, self._take), host, int(port))
        self._sockets.append(socket)
        await socket.opened

    def _take(self, socket: RawSocket, text: bytes) -> None:
        if _BIRTH in text:
            self._births += 1
            return
        self._late.append(time.monotonic_ns() - stamp_of(text))
        seq = seq_of(text)
        self._out_of_order += seq != socket.last_seq + 1
        socket.last_seq = seq


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each socket is a file
    this = SocketClients()
    tasks = (this.connect, this.count, this.report, this.state, this.close)
    uvloop.run(answer_lines({task.__name__: task for task in tasks}))
