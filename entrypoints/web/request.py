"""The request: falcon's, with an id of its own and a bounded body."""

import os
import re
import time
from collections.abc import Collection, Iterator
from typing import Any, ClassVar

import falcon
import falcon.asgi

from application.caller import ANYONE, NOBODY, Caller
from application.ports.authenticator import Grant
from entrypoints.web import observe
from entrypoints.web.addresses import Proxies
from entrypoints.web.problems import HttpProblem

BODY_BYTES = 16 * 1024
_SANE_ID = re.compile(r"[!-~]{1,128}")
_BLANKS = b" \t"  # around a value they are no part of it
_OF_PAGES = frozenset({b"origin", b"sec-fetch-site"})
_METHODS = frozenset(falcon.COMBINED_METHODS)
_ID_BYTES, _IDS_AT_ONCE = 16, 256


def _random_ids() -> Iterator[str]:
    """Yield ids that nobody can guess; asking the system for many at once makes each cost a fifth of a microsecond."""
    size = 2 * _ID_BYTES
    while True:
        digits = os.urandom(_ID_BYTES * _IDS_AT_ONCE).hex()
        for at in range(0, len(digits), size):
            yield digits[at : at + size]


_new_ids = _random_ids()


class ContradictoryHeader(Exception):
    """A header that is no list came more than once, and did not say the same each time."""


def request_id_of(given: str | None) -> str:
    """Return the client's own request id if it is sane (1 to 128 visible ASCII), else a new one."""
    return given if given and _SANE_ID.fullmatch(given) else next(_new_ids)


class Request(falcon.asgi.Request):
    """Adds `request_id`, when it had `begun`, what its `caller` was granted, and a `body` that is read whole."""

    __slots__ = ("begun", "grant", "request_id")
    stranger: ClassVar[Grant] = Grant(ANYONE)
    proxies: ClassVar[Proxies] = Proxies()

    def __init__(self, scope: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(scope, *args, **kwargs)
        self.begun = time.perf_counter()
        self.grant = self.stranger
        try:
            self.request_id = request_id_of(self.header(b"x-request-id"))
        except ContradictoryHeader:
            self.request_id = request_id_of(None)
        observe.request_begun(self.request_id)
        if self.method not in _METHODS:
            # The router answers 400 to methods that it never heard of; as one that no resource has, it is a 405.
            self.method = "TRACE"

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.grant.caller

    @property
    def is_of_a_page(self) -> bool:
        """Whether a browser says for which page it asks; a program says nothing of the kind."""
        return not _OF_PAGES.isdisjoint(self._asgi_headers)

    def header(self, name: bytes) -> str | None:
        """Return a header that is no list, `name` in lower case; lines that say the same count as one.

        One that is absent costs a tenth of what it does by `get_header`. Raises ContradictoryHeader.
        """
        value = self._asgi_headers.get(name)
        if value is None:
            return None
        if len(self._asgi_headers) != len(self.scope["headers"]):  # falcon has joined some lines, or dropped them
            values = self.said(name)
            if len(values) > 1:
                raise ContradictoryHeader(name)
            return next(iter(values))
        return value.strip(_BLANKS).decode("latin-1")

    def said(self, name: bytes) -> Collection[str]:
        """Return what the lines of a header say, `name` in lower case; what several say once, and nothing if absent."""
        if name not in self._asgi_headers:
            return ()
        lines = (value for header, value in self.scope["headers"] if header == name)
        return {value.strip(_BLANKS).decode("latin-1") for value in lines}

    async def body(self) -> bytes:
        """Read the whole body.

        Raises HttpProblem: `payload_too_large` over 16 KiB, as soon as that is known; `malformed_body` when the client
        left in the middle of it.
        """
        if (self.content_length or 0) > BODY_BYTES:
            raise HttpProblem("payload_too_large")
        event = self._first_event or await self._receive()
        body: bytes = event.get("body", b"")
        while event.get("more_body") and len(body) <= BODY_BYTES:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise HttpProblem("malformed_body", "The body is not complete")
            body += event.get("body", b"")
        if len(body) > BODY_BYTES:
            raise HttpProblem("payload_too_large")
        return body


def request_type(*, guarded: bool, proxies: Proxies) -> type[Request]:
    """Return the requests of an app. Where it is `guarded` who asks may do nothing until a credential is seen."""

    class RequestOfApp(Request):
        __slots__ = ()

    RequestOfApp.stranger = Grant(NOBODY if guarded else ANYONE)
    RequestOfApp.proxies = proxies
    return RequestOfApp
