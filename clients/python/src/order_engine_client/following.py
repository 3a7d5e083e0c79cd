"""Where the watching of an order, or of all, stands, through however many connections: nothing here does I/O."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx
from attrs import frozen

from order_engine_client.address import Address
from order_engine_client.answers import trouble, why_unreachable
from order_engine_client.attempts import Backoff
from order_engine_client.errors import NoAnswer, NotAnEngine, OutOfTime, Refused, Unreachable
from order_engine_client.models import Frame
from order_engine_client.reading import document, read

if TYPE_CHECKING:
    from websockets import InvalidStatus

HELD_SECONDS = 2.0

_WHY = {
    1001: "the server is going away",
    1006: "it broke off",
    1011: "the server has a trouble, or is silent",
    1012: "the server restarts",
    1013: "the server has too much to do",
}
_REFUSALS = {
    4400: ("validation_failed", "The engine refuses the question", 400),
    4401: ("unauthenticated", "Not authenticated", 401),
    4404: ("order_not_found", "No such order", 404),
}


@frozen
class Lost:
    """The connection ended before its time; it is opened again after a pause."""

    why: str
    after_seq: int | None = None


@frozen
class Back:
    """The connection is there again."""


OnConnection = Callable[[Lost | Back], None]


class Following:
    """One order's frames, each once and in order; or with no order all orders', live only."""

    def __init__(
        self,
        address: Address,
        path: str,
        query: dict[str, str],
        *,
        resumes: bool,
        patience: float | None,
        timeout: float | None,
        on_connection: OnConnection | None,
    ) -> None:
        self.done = False
        self._address, self._path, self._query, self._resumes = address, path, query, resumes
        self._patience, self._timeout, self._on_connection = patience, timeout, on_connection
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._backoff, self._gone_since = Backoff(), time.monotonic()
        self._opened_at: float | None = None
        self._is_lost = self._was_reached = self._some_came = False
        # Nothing may come after a frame that was asked from; after one that came, and before any, something does.
        self._may_be_over = "afterSeq" in query

    @property
    def url(self) -> str:
        """Return where to connect next."""
        query = f"?{urlencode(self._query)}" if self._query else ""
        return f"{self._address.socket_url}{self._path}{query}"

    def opened(self) -> None:
        """Note that a connection is there."""
        self._opened_at, self._was_reached, self._some_came = time.monotonic(), True, False
        if self._is_lost:
            self._is_lost = False
            self._say(Back())

    def frame(self, text: str) -> Frame | None:
        """Return what came on the connection, if it is new. Raises NotAnEngine."""
        try:
            frame = read(Frame, document(text))
        except ValueError as error:
            raise NotAnEngine(self._address.url, "what its WebSocket says is no update of an order") from error
        self._some_came = True
        if not self._resumes:
            return frame
        if frame.seq <= int(self._query.get("afterSeq", -1)):
            return None
        self._query["afterSeq"] = str(frame.seq)
        self._may_be_over = False
        self.done = frame.final
        return frame

    def ended(self, error: Exception) -> float:
        """Note that a connection ended, or did not come about; return the pause until the next, in seconds.

        Raises Refused and NotAnEngine where it makes no sense to come back, and Unreachable, or NoAnswer if somebody
        was there before, when nobody has been there for `patience`.
        """
        why, now = self._why(error), time.monotonic()
        if self.done:
            return 0
        # One that brought nothing and was closed at once is no better than none.
        if self._some_came or (self._opened_at is not None and now - self._opened_at > HELD_SECONDS):
            self._gone_since = now
            self._backoff.reset()
        self._opened_at, self._some_came = None, False
        if self._patience is not None and now - self._gone_since > self._patience:
            if self._was_reached:
                raise NoAnswer(f"{self._address.url} was gone for {self._patience:g} s") from error
            raise Unreachable(self._address.url, why_unreachable(self._address.url, error)) from error
        self._is_lost = True
        seq = self._query.get("afterSeq")
        self._say(Lost(why, None if seq is None else int(seq)))
        return self.at_most(self._backoff.next())

    def left(self) -> float | None:
        """Return the seconds that are left, None for ever. Raises OutOfTime when there are none."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def at_most(self, seconds: float) -> float:
        """Return so many seconds, or what is left if that is less. Raises OutOfTime."""
        left = self.left()
        return seconds if left is None else min(seconds, left)

    def late(self) -> OutOfTime:
        """Return the end of its time."""
        return OutOfTime(f"The order did not finish within {self._timeout:g} s; it goes on")

    def _say(self, news: Lost | Back) -> None:
        if self._on_connection is not None:
            self._on_connection(news)

    def _why(self, error: Exception) -> str:
        from websockets import ConnectionClosed, InvalidStatus

        if isinstance(error, ConnectionClosed):
            return self._closed(error.rcvd.code if error.rcvd else 1006)
        if isinstance(error, InvalidStatus):
            return self._answered(error)
        return "it cannot be opened" if isinstance(error, OSError) else "the handshake broke off"

    def _closed(self, code: int) -> str:
        if code in _REFUSALS:
            name, detail, status = _REFUSALS[code]
            raise Refused.of({"code": name, "detail": f"{detail} ({code})"}, status)
        if code == 1000 and self._may_be_over and not self._some_came:
            self.done = True
        return f"{_WHY.get(code, 'it was closed')}, {code}"

    def _answered(self, error: "InvalidStatus") -> str:
        answer = error.response
        said = f"its WebSocket was answered {answer.status_code}"
        headers = httpx.Headers(list(answer.headers.raw_items()))  # one that comes twice is no trouble
        found = trouble(answer.status_code, headers, bytes(answer.body or b""), self._address.url, said)
        if isinstance(found, NotAnEngine) and answer.status_code < 500:
            raise found from error
        if isinstance(found, Refused) and found.retry_after is None and found.status < 500:
            raise found from error
        return f"answered {answer.status_code}"


def of_order(
    address: Address,
    order_id: str,
    after_seq: int | None,
    *,
    patience: float | None,
    timeout: float | None,
    on_connection: OnConnection | None,
) -> Following:
    """Begin to follow one order, from its birth or after a frame."""
    query = {} if after_seq is None else {"afterSeq": str(after_seq)}
    path = f"/ws/orders/{quote(order_id, safe='')}"
    return Following(
        address, path, query, resumes=True, patience=patience, timeout=timeout, on_connection=on_connection
    )


def of_all(
    address: Address, user_id: str | None, *, patience: float | None, on_connection: OnConnection | None
) -> Following:
    """Begin to follow all orders, or a user's, from now on."""
    query = {} if user_id is None else {"userId": user_id}
    return Following(
        address, "/ws/orders", query, resumes=False, patience=patience, timeout=None, on_connection=on_connection
    )
