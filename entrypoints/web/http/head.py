"""A request's head: what is refused whatever it asks for, how, and offers to speak another protocol."""

from collections.abc import Iterable

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from entrypoints.web.problems import MEDIA_TYPE, HttpProblem
from entrypoints.web.request import request_id_of
from entrypoints.web.site import Site

Headers = Iterable[tuple[bytes, bytes]]


class _Nowhere(list[tuple[bytes, bytes]]):
    def append(self, _header: tuple[bytes, bytes]) -> None:
        """Keep nothing."""


NO_MORE = _Nowhere()


def check_head(version: str, url: bytes, headers: Headers, site: Site) -> None:
    """Raise HttpProblem for a head that leaves open what is asked, of whom, or where the body ends; or of another."""
    if version != "1.1" and version[:2] != "1.":  # a later minor version is served as 1.1
        raise HttpProblem("http_version_not_supported")
    hosts, host, is_coded = 0, b"", False
    for name, value in headers:  # one pass is the cheapest for the few of a usual head
        if name == b"host":
            hosts, host = hosts + 1, value
        elif name == b"transfer-encoding":
            is_coded = True
    if hosts != 1 and (hosts or version != "1.0"):
        raise HttpProblem("malformed_request", "The request must have one Host header")
    if hosts:
        site.check_host(host.strip(b" \t"))
    if not url.startswith(b"/") and b"://" in url:
        site.check_host(_authority_of(url))
    if is_coded:
        _check_coding(version, _list_of(headers, b"transfer-encoding"))


def check_offer(method: bytes) -> None:
    """Raise HttpProblem for what is no offer: after a CONNECT there is no more HTTP."""
    if method == b"CONNECT":
        raise HttpProblem("malformed_request", "There is no tunnel through here")


def is_handshake(method: bytes, version: str, headers: Headers) -> bool:
    """Whether a head that offers another protocol asks for a WebSocket. All other offers may be ignored."""
    has_body = _list_of(headers, b"transfer-encoding") or _list_of(headers, b"content-length") not in ([], [b"0"])
    return method == b"GET" and version != "1.0" and not has_body and _list_of(headers, b"upgrade") == [b"websocket"]


def without_offer(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Return a head as it would have been without its offer of another protocol."""
    lines = [b"%b: %b" % (name, value) for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, url, version.encode()), *lines, b"", b""])


def refusal(problem: HttpProblem, default_headers: Headers) -> bytes:
    """Return the last answer of a connection."""
    request_id = request_id_of(None)
    body = problem.document("/", request_id)
    headers = (
        *default_headers,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
    )
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[problem.kind.status], *lines, b"\r\n", body])


def _authority_of(url: bytes) -> bytes:
    """Return whom a whole URL asks, which counts for more than the Host header; its user is nobody's business."""
    target = httptools.parse_url(url)
    name = target.host or b""
    return b"[%b]" % name if b":" in name else name


def _check_coding(version: str, codings: list[bytes]) -> None:
    if version == "1.0":
        raise HttpProblem("malformed_request", "HTTP/1.0 has no Transfer-Encoding")
    if codings != [b"chunked"]:
        raise HttpProblem("not_implemented", "The only Transfer-Encoding that is spoken here is chunked")


def _list_of(headers: Headers, name: bytes) -> list[bytes]:
    """Return a list header's items, in lower case, from all its lines."""
    values = b",".join(value for header, value in headers if header == name)
    return [item for item in (part.strip(b" \t").lower() for part in values.split(b",")) if item]
