"""The WebSocket clients: each follows an order to its end, and writes down all that it saw."""

import asyncio
import json
import random
from collections.abc import Sequence

from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chaos.fleet import Fleet
from tests.chaos.process import Process

COME_BACK_SECONDS = 0.5
NORMAL = 1000
GONE = 1006  # nobody said goodbye
LEFT = -1  # we did, on purpose
REFUSED = -2  # the connection was never open


@define(eq=False)
class Session:
    """One connection: where to, from which seq on, what came, and how it ended, in seconds of the run."""

    api: str
    after_seq: int | None
    since: float
    seqs: list[int] = field(factory=list)
    code: int | None = None
    until: float = float("inf")

    def told(self) -> str:
        """Write it in a line."""
        ends = {None: "still open", LEFT: "left", REFUSED: "not opened", GONE: "broken"}
        start = "from the start" if self.after_seq is None else f"afterSeq={self.after_seq}"
        end = ends.get(self.code, f"closed with {self.code}")
        return f"{self.since:.3f} {self.api} {start}: seqs {self.seqs}, {end} at {self.until:.3f}"


@define(eq=False)
class Follower:
    """Follows one order. A loyal one stays until it is sent away; a restless one leaves too, and comes back."""

    order_id: str
    restless: bool
    chance: random.Random
    frames: list[str] = field(factory=list)
    sessions: list[Session] = field(factory=list)

    @property
    def ended(self) -> bool:
        """Whether the server said that this is all."""
        return bool(self.sessions) and self.sessions[-1].code == NORMAL

    async def run(self, fleet: Fleet) -> None:
        """Follow to the end, over as many connections as it takes."""
        while not self.ended:
            session = await self._follow(fleet, self.chance.choice(fleet.apis))
            if session.code not in (NORMAL, LEFT, GONE, REFUSED, 1012, 1013):
                return
            if session.code != NORMAL:
                await asyncio.sleep(COME_BACK_SECONDS)

    async def _follow(self, fleet: Fleet, api: Process) -> Session:
        after_seq = json.loads(self.frames[-1])["seq"] if self.frames else None
        session = Session(api.name, after_seq, fleet.now())
        self.sessions.append(session)
        url = f"{api.url.replace('http', 'ws', 1)}/ws/orders/{self.order_id}"
        query = "" if after_seq is None else f"?afterSeq={after_seq}"
        most = self.chance.randint(1, 4) if self.restless and self.chance.random() < 0.7 else None
        code = REFUSED
        try:
            async with connect(
                url + query, ping_interval=None, compression=None, proxy=None, close_timeout=1
            ) as socket:
                code = await self._listen(socket, session, most)
        except (OSError, InvalidHandshake, ConnectionClosed, EOFError):
            pass
        session.code, session.until = code, fleet.now()
        return session

    async def _listen(self, socket: ClientConnection, session: Session, most: int | None) -> int:
        """Write frames down until the connection ends, or there were enough; return how it ended."""
        try:
            while most is None or len(session.seqs) < most:
                text = await socket.recv()
                self.frames.append(str(text))
                session.seqs.append(json.loads(text)["seq"])
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else GONE
        return LEFT


def followers(order_id: str, chance: random.Random) -> Sequence[Follower]:
    """Draw who follows an order: nobody, one, or two."""
    count = chance.choices((0, 1, 2), (3, 6, 1))[0]
    return [Follower(order_id, chance.random() < 0.4, random.Random(chance.random())) for _ in range(count)]  # noqa: S311
