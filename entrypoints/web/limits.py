"""How much clients may ask of this API: what is beyond a limit is answered with 429, a socket with 1013."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from time import monotonic

from falcon.asgi import Response

from application.caller import Scope
from application.limits.limit import By, Limit, Of
from application.limits.rate_limit import Bucket, RateLimit
from application.limits.share_limits import SharedLimit
from application.limits.socket_limit import SocketLimit
from entrypoints.web import observe
from entrypoints.web.addresses import client_address
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import Request

RETRY_SECONDS_MOST = 60
Limits = Mapping[Of, Mapping[By, Limit]]
_Asked = tuple[RateLimit, str, Bucket, int]


class RequestLimits:
    """The limits of what is not for everyone. To go by them asks nobody; what processes report to each other: `Shares`.

    A user's limit is not for callers that act for any user: these have their key's.
    """

    def __init__(self, limits: Limits) -> None:
        self._requests = _rates(Of.REQUESTS, limits)
        self._orders = [*self._requests, *_rates(Of.ORDERS, limits)]
        self._sockets = [
            (by, SocketLimit(f"{Of.SOCKETS}-{by}", limit)) for by, limit in limits.get(Of.SOCKETS, {}).items()
        ]

    @property
    def shared(self) -> Sequence[SharedLimit]:
        """The limits that processes share."""
        return [*(rate for _, _, rate in self._orders), *(limit for _, limit in self._sockets)]

    def admit(self, req: Request, resp: Response | None, orders: int = 0) -> None:
        """Count a request, with so many orders; `resp` says how much is left. Raises HttpProblem `rate_limited`."""
        asked: list[_Asked] = []
        now, lacking = monotonic(), False
        for of, by, rate in self._orders if orders else self._requests:
            client = _client(by, req)
            if client is not None:
                count = orders if of is Of.ORDERS else 1
                bucket = rate.bucket(client, now, count)
                asked.append((rate, client, bucket, count))
                lacking = lacking or not bucket.has(count)
        if lacking:
            raise _refusal(asked)
        for rate, client, bucket, count in asked:
            rate.take(client, bucket, count)
        if asked and resp is not None:
            resp.set_header("RateLimit-Policy", _policy(asked))
            resp.set_header("RateLimit", _state(asked))

    @contextmanager
    def socket(self, req: Request) -> Iterator[bool]:
        """Count an open socket meanwhile; say whether there may be one more."""
        opened: list[tuple[SocketLimit, str]] = []
        fits = True
        for by, limit in self._sockets:
            client = _client(by, req)
            if client is None:
                continue
            if not limit.opens(client):
                observe.limited(Of.SOCKETS, by)
                fits = False
                break
            opened.append((limit, client))
        try:
            yield fits
        finally:
            for limit, client in opened:
                limit.closed(client)


def place_of(address: str) -> str:
    """Return whose an address is: an IPv6 one's network, since everyone has 2^64 of them."""
    if ":" not in address:
        return address
    try:
        return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8].hex(":", 2) + "::/64"
    except OSError:
        return address


def takes_orders(resource: object) -> int:
    """Return how many orders each request for this resource has."""
    orders: int = getattr(resource, "takes_orders", 0)
    return orders


def _rates(of: Of, limits: Limits) -> list[tuple[Of, By, RateLimit]]:
    return [(of, by, RateLimit(f"{of}-{by}", limit, monotonic)) for by, limit in limits.get(of, {}).items()]


def _client(by: By, req: Request) -> str | None:
    caller = req.caller
    if by is By.USER:
        return None if Scope.USERS_ANY in caller.scopes else caller.user_id
    if by is By.KEY:
        return caller.key_id
    return place_of(client_address(req)) or None


def _refusal(asked: Sequence[_Asked]) -> HttpProblem:
    """Return the answer to who asks for more than there is."""
    seconds, name = 1, ""
    for rate, client, bucket, count in asked:
        if not bucket.has(count):
            rate.shares.runs_short(client)
            name = rate.name
            seconds = max(seconds, min(RETRY_SECONDS_MOST, ceil(bucket.seconds_to(count))))
    of, _, by = name.partition("-")
    observe.limited(of, by)
    headers = {"Retry-After": str(seconds), "RateLimit-Policy": _policy(asked), "RateLimit": _state(asked)}
    return HttpProblem("rate_limited", f"Too many {of} of this {by}", headers=headers)


def _policy(asked: Sequence[_Asked]) -> str:
    return ", ".join([rate.policy for rate, _, _, _ in asked])


def _state(asked: Sequence[_Asked]) -> str:
    """Return what is left of the limit that is nearest (draft-ietf-httpapi-ratelimit-headers-10)."""
    rate, _, bucket, _ = asked[0] if len(asked) == 1 else min(asked, key=lambda each: each[2].fullness)
    return f'"{rate.name}";r={max(0, int(bucket.tokens))};t={ceil(bucket.seconds_to(bucket.most))}'


NO_LIMITS = RequestLimits({})
