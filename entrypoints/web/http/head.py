"""A request's head: what is refused whatever it asks for, how, and offers to speak another protocol."""

import re
from collections.abc import Iterable

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from entrypoints.web.problems import MEDIA_TYPE, HttpProblem
from entrypoints.web.request import BODY_BYTES, request_id_of
from entrypoints.web.shared_headers import HEADERS
from entrypoints.web.site import Site

Headers = Iterable[tuple[bytes, bytes]]


class _Nowhere(list[tuple[bytes, bytes]]):
    def append(self, _header: tuple[bytes, bytes]) -> None:
        """Keep nothing."""


NO_MORE = _Nowhere()
_NO_VERSION = "0.9"  # as the parser calls it; nobody writes it
_TOKEN = re.compile(rb"[0-9a-z!#$%&'*+.^_`|~-]+")
_CHUNKED = b"chunked"
_NO_CODINGS = (_CHUNKED, b"identity")
_BLANKS = b" \t"
_SHORT = 4  # digits


def check_head(version: str, url: bytes, headers: Headers, site: Site) -> bool:
    """Return whether the body is known to be longer than any that is taken.

    Raises HttpProblem for a head that leaves open what is asked, of whom, or where the body ends; or of another.
    """
    if version != "1.1" and version[:2] != "1.":  # a later minor version is served as 1.1
        raise _unknown(version)
    hosts, host, is_coded, is_too_long = 0, b"", False, False
    for name, value in headers:  # one pass is the cheapest for the few of a usual head
        if name == b"host":
            hosts, host = hosts + 1, value
        elif name == b"transfer-encoding":
            is_coded = True
        elif name == b"content-length" and len(value) > _SHORT:
            is_too_long = int(value) > BODY_BYTES
    if hosts != 1 and (hosts or version != "1.0"):
        raise HttpProblem("malformed_request", "The request must have one Host header")
    if hosts and host not in site.met:
        site.check_host(host)
    if not url.startswith(b"/") and b"://" in url:
        site.check_host(_authority_of(url))
    if is_coded:
        lines = [value for name, value in headers if name == b"transfer-encoding"]
        _check_coding(version, [line.strip(_BLANKS).lower() for line in lines])
    return is_too_long


def check_request_line(version: str, data: bytes) -> None:
    """Raise HttpProblem for a request line without a version, of which `data` was read last, with no more of the head.

    A new parser's version is 0.0 until it has read one, and 0.9 where it read on without.
    """
    if version == _NO_VERSION or (version == "0.0" and data.endswith(b"\n")):
        raise _unknown(_NO_VERSION)


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
        *HEADERS,
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


def _unknown(version: str) -> HttpProblem:
    if version == _NO_VERSION:
        return HttpProblem("malformed_request", "The request line has no version of HTTP")
    return HttpProblem("http_version_not_supported")


def _check_coding(version: str, lines: list[bytes]) -> None:
    """Let `chunked` pass alone; of the rest only what has a meaning that is not known here is no mistake."""
    if lines == [_CHUNKED]:
        if version == "1.0":
            raise HttpProblem("malformed_request", "HTTP/1.0 has no Transfer-Encoding")
        return
    codings = [coding.strip(_BLANKS) for line in lines for coding in line.split(b",")]
    unknown = codings[:-1] if codings[-1] == _CHUNKED else codings
    if version == "1.0" or not unknown or not all(_TOKEN.fullmatch(c) and c not in _NO_CODINGS for c in unknown):
        raise HttpProblem("malformed_request", "The Transfer-Encoding must be chunked, once and alone")
    raise HttpProblem("not_implemented", "The only Transfer-Encoding that is spoken here is chunked")


def _list_of(headers: Headers, name: bytes) -> list[bytes]:
    """Return a list header's items, in lower case, from all its lines."""
    values = b",".join(value for header, value in headers if header == name)
    return [item for item in (part.strip(_BLANKS).lower() for part in values.split(b",")) if item]
