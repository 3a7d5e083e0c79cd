"""An order's frames over a WebSocket, to the final one: it comes back by itself with `afterSeq`, and says so."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import websockets
from attrs import field, frozen
from websockets.sync.client import ClientConnection, connect

from entrypoints.cli.client import TIMEOUT_SECONDS, proxy_for
from entrypoints.cli.credential import authorization
from entrypoints.cli.ending import Trouble
from entrypoints.cli.troubles import NoAnswer, NotAnEngine, NotInTime

PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0

_WHY = {
    1001: "the server is going away",
    1006: "it broke off",
    1011: "the server has a trouble, or is silent",
    1012: "the server restarts",
    1013: "the server has too much to do",
}
_REFUSALS = {4400: "The engine refuses the question", 4401: "Not authenticated", 4404: "No such order"}


@frozen
class Frame:
    """One update of an order; `text` is what came, `content` what it holds."""

    text: str
    seq: int
    status: str
    message: str
    at: datetime
    attempt: int
    content: dict[str, Any] = field(repr=False)

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self.status in ("confirmed", "failed")


@frozen
class Lost:
    """The connection ended before the final frame; it is opened again after a pause."""

    why: str
    after_seq: int | None


@frozen
class Back:
    """The connection is there again."""


def follow(url: str, order_id: str, deadline: float | None = None) -> Iterator[Frame | Lost | Back]:
    """Yield every frame of an order once, from seq 0 to the final one, and what becomes of the connection.

    `deadline` is by `time.monotonic`. Raises NotInTime after it; NoAnswer when no engine was there for 60 s; Trouble
    when the engine refuses; NotAnEngine.
    """
    after: int | None = None
    heard, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while True:
        lost = ""
        try:
            with _connected(url, order_id, after, deadline) as socket:
                if pause > FIRST_PAUSE_SECONDS:
                    yield Back()
                for frame in _frames(url, socket, deadline):
                    after, heard, pause = frame.seq, time.monotonic(), FIRST_PAUSE_SECONDS
                    yield frame
                    if frame.final:
                        return
        except websockets.ConnectionClosed as error:
            lost = _reason(error)
        except websockets.InvalidStatus as error:
            if error.response.status_code not in (500, 502, 503, 504):
                raise NotAnEngine(url, f"its WebSocket was answered {error.response.status_code}") from error
            lost = f"answered {error.response.status_code}"
        except (OSError, websockets.InvalidHandshake) as error:
            lost = "it cannot be opened" if isinstance(error, OSError) else "the handshake broke off"
        if time.monotonic() - heard > PATIENCE_SECONDS:
            raise NoAnswer(f"{url} was gone for {PATIENCE_SECONDS:g} s.")
        yield Lost(lost, after)
        _sleep(pause, deadline)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _connected(url: str, order_id: str, after: int | None, deadline: float | None) -> ClientConnection:
    query = "" if after is None else f"?afterSeq={after}"
    address = f"ws{url.removeprefix('http')}/ws/orders/{quote(order_id, safe='')}{query}"
    patience = min(TIMEOUT_SECONDS, _left(deadline) or TIMEOUT_SECONDS)
    return connect(
        address,
        additional_headers=authorization(url),
        open_timeout=patience,
        close_timeout=1,
        compression=None,
        proxy=proxy_for(url),
    )


def _frames(url: str, socket: ClientConnection, deadline: float | None) -> Iterator[Frame]:
    while True:
        try:
            text = socket.recv(_left(deadline), decode=True)
        except TimeoutError:
            raise _late() from None
        try:
            yield frame_of(text)
        except (ValueError, KeyError, TypeError) as error:
            raise NotAnEngine(url, "what its WebSocket says is no update of an order") from error


def frame_of(text: str) -> Frame:
    """Read a frame. Raises ValueError, KeyError, TypeError when it is none."""
    content = json.loads(text, parse_float=Decimal)
    at = datetime.fromisoformat(content["timestamp"])
    return Frame(text, int(content["seq"]), content["status"], content["message"], at, int(content["attempt"]), content)


def _reason(error: websockets.ConnectionClosed) -> str:
    """Say why a socket was closed. Raises Trouble when it makes no sense to come back."""
    code = error.rcvd.code if error.rcvd else 1006
    if code in _REFUSALS:
        raise Trouble(f"{_REFUSALS[code]} ({code}).") from None
    return f"{_WHY.get(code, 'it was closed')}, {code}"


def _left(deadline: float | None) -> float | None:
    """Return the seconds that are left. Raises NotInTime when there are none."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late()
    return left


def _sleep(seconds: float, deadline: float | None) -> None:
    left = _left(deadline)
    time.sleep(seconds if left is None else min(seconds, left))


def _late() -> NotInTime:
    return NotInTime("The order did not finish in time; it goes on.")
