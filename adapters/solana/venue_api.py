"""A venue's HTTP API: bounded answers in bounded time, its limits kept, and what each way of not answering means."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from math import inf
from typing import Annotated, TypeVar

import httpx
import msgspec

from adapters.reach import is_unreachable
from application import observe
from application.ports.errors import VenueUnavailable, VenueUnreachable
from application.ports.system import Clock

NONSENSE = "gave an answer that makes no sense"
# An amount in base units, as JSON has them that knows of numbers beyond 53 bits.
Units = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}\Z")]
# Of a route through many pools Jupiter's answer has some 100 KiB, most of it lookup tables.
ANSWER_BYTES = 1024 * 1024
REACH_SHARE = 0.6
# No limit's window is longer, whatever a header says.
LONGEST_WAIT_SECONDS = 60.0
_CODE = re.compile(r'"(?:errorCode|msg)"\s*:\s*"([A-Z][A-Z_]{2,60})"')
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "order-engine"}

Answer = TypeVar("Answer", bound=msgspec.Struct)


class VenueApi:
    """Calls of one venue, named `venue` where they are counted.

    A venue that says that nothing is left of its limit, or answers 429, is not called until that is over: whoever would
    have to wait longer than a call may take is refused at once.
    """

    def __init__(self, venue: str, clock: Clock, timeout_seconds: float, headers: Mapping[str, str]) -> None:
        self._venue = venue
        self._clock = clock
        self._timeout = timeout_seconds
        self._headers = {**_HEADERS, **headers}
        self._closed_until = -inf
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Get ready; the first call connects."""
        tls = await asyncio.to_thread(_tls)
        self._client = httpx.AsyncClient(
            headers=self._headers,
            verify=tls,
            trust_env=False,
            timeout=httpx.Timeout(None, connect=REACH_SHARE * self._timeout),
        )

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        if self._client is not None:
            await self._client.aclose()

    async def get(self, call: str, url: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return what is answered to a GET. Raises VenueUnavailable unless that is 200, and in time."""
        return await self._counted(call, httpx.Request("GET", url, params=params, headers=self._headers))

    async def post(self, call: str, url: str, body: bytes) -> bytes:
        """Return what is answered to a POST of JSON. Raises as `get` does."""
        headers = {**self._headers, "Content-Type": "application/json"}
        return await self._counted(call, httpx.Request("POST", url, content=body, headers=headers))

    async def _counted(self, call: str, request: httpx.Request) -> bytes:
        await self._until_it_is_open()
        begun = self._clock.monotonic()
        outcome = "cut_off"  # by whoever waits for it
        try:
            answer = await self._exchange(request)
            outcome = "ok"
            return answer
        except VenueUnreachable:
            outcome = "unreachable"
            raise
        except VenueUnavailable as error:
            outcome = "timeout" if isinstance(error.__cause__, TimeoutError) else "bad_answer"
            raise
        finally:
            observe.venue_called(self._venue, call, outcome, self._clock.monotonic() - begun)

    async def _exchange(self, request: httpx.Request) -> bytes:
        if self._client is None:
            raise RuntimeError("the venue is not open")
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.send(request, stream=True)
                try:
                    self._keep_limits(response)
                    body = await _body_of(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise VenueUnavailable("took too long") from error
        except httpx.TransportError as error:
            cause = error.__cause__
            if isinstance(cause, Exception) and is_unreachable(cause):
                raise VenueUnreachable("cannot be reached") from error
            raise VenueUnavailable("refused the connection, or broke it") from error
        if response.status_code != HTTPStatus.OK:
            raise VenueUnavailable(f"answered {response.status_code}{_code_in(body)}")
        return body

    async def _until_it_is_open(self) -> None:
        wait = self._closed_until - self._clock.monotonic()
        if wait > self._timeout:
            raise VenueUnavailable(f"takes no more calls for {wait:.0f} s")
        if wait > 0:
            await self._clock.sleep(wait)

    def _keep_limits(self, response: httpx.Response) -> None:
        """Call no more until the limit's window is over, if nothing is left in it."""
        left, limited = _number(response, "x-ratelimit-remaining"), response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        if not limited and (left is None or left > 0):
            return
        wait = _number(response, "retry-after")
        if wait is None and (reset := _number(response, "x-ratelimit-reset")) is not None:
            wait = reset - self._clock.now().timestamp()
        seconds = 1.0 if wait is None else min(max(wait, 0.0), LONGEST_WAIT_SECONDS)
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


@cache
def _tls() -> ssl.SSLContext:
    """Return what all of this process share, as reading all authorities takes a tenth of a second."""
    return httpx.create_ssl_context()


def read(content: bytes, kind: type[Answer]) -> Answer:
    """Read a venue's answer; fields that are not known are passed over. Raises VenueUnavailable."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        code = _code_in(content)
        raise VenueUnavailable(f"refused{code}" if code else NONSENSE) from error


async def _body_of(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES:
            raise VenueUnavailable("answered more than is taken")
    return b"".join(parts)


def _code_in(body: bytes) -> str:
    """Return what the venue calls its refusal, if it says so in a word."""
    found = _CODE.search(body[:2000].decode(errors="replace"))
    return f": {found[1]}" if found else ""


def _number(response: httpx.Response, header: str) -> float | None:
    text = response.headers.get(header, "")
    return float(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None
