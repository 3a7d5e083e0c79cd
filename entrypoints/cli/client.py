"""A client of a running engine, over HTTP: one method a call, and every trouble as a `Trouble`."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

import httpx

from entrypoints.cli.credential import authorization
from entrypoints.cli.ending import Trouble
from entrypoints.cli.troubles import NoAnswer, NoEngine, NotAnEngine, Refused, WrongEnvironment

TIMEOUT_SECONDS = 10.0
PAGE_MOST = 200
PROBLEM = "application/problem+json"
_TLS_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

Document = dict[str, Any]


class EngineClient:
    """Talks to the engine at `url`. Numbers in what it returns are ints and Decimals, as they were written.

    It shows the user's credential, if there is one. All methods raise NoEngine, NotAnEngine, NoAnswer and Refused; to
    make one raises WrongEnvironment and BadCredential.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        self._date: str | None = None
        # Reading all the certificates takes time, and redirects are not followed.
        verify = url.startswith("https:")
        headers = authorization(url)
        try:
            self._http = httpx.Client(
                base_url=url,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                trust_env=not is_loopback(url),
                verify=verify,
                transport=transport,
            )
        except OSError as error:  # as TLS has it
            raise WrongEnvironment("a file for TLS", _TLS_VARIABLES) from error
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise WrongEnvironment("a proxy", _PROXY_VARIABLES) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def now(self) -> datetime:
        """Return the engine's time as of its last answer, to the second; this machine's if it did not say."""
        try:
            return parsedate_to_datetime(self._date or "").astimezone(UTC)
        except ValueError:
            return datetime.now(UTC)

    def submit(self, order: Mapping[str, object], idempotency_key: str) -> tuple[Document, bool]:
        """Have an order accepted; return the answer, and whether the engine had it already by this key."""
        headers = {"Idempotency-Key": idempotency_key}
        answer = self._send("POST", "/api/orders/execute", headers=headers, json=order)
        replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return self._document(answer, 202, "orderId"), replayed

    def order(self, order_id: str) -> Document:
        """Return an order."""
        return self._document(self._send("GET", _order_path(order_id)), 200, "orderId")

    def events(self, order_id: str) -> list[Document]:
        """Return an order's frames so far."""
        found: list[Document] = self._document(self._send("GET", f"{_order_path(order_id)}/events"), 200, "data")[
            "data"
        ]
        return found

    def cancel(self, order_id: str) -> Document:
        """Cancel an order; return it."""
        return self._document(self._send("POST", f"{_order_path(order_id)}/cancel"), 202, "orderId")

    def tokens(self) -> list[Document]:
        """Return the engine's token list."""
        found: list[Document] = self._document(self._send("GET", "/api/tokens"), 200, "data")["data"]
        return found

    def symbols(self) -> dict[str, str]:
        """Return what people call the tokens whose addresses orders keep; nothing where the engine cannot tell."""
        try:
            listed = self.tokens()
        except Trouble:  # an order is shown by its addresses then
            return {}
        return {token["address"]: token["symbol"] for token in reversed(listed)}  # the first one counts

    def pages(self, most: int | None, **filters: str | None) -> Iterator[Document]:
        """Page through orders, newest first, up to `most` (None: all); at least one page, which may be empty."""
        cursor, left = None, most
        while True:
            limit = PAGE_MOST if left is None else min(left, PAGE_MOST)
            given = {"limit": str(limit), "cursor": cursor, **filters}
            params = {name: value for name, value in given.items() if value is not None}
            page = self._document(self._send("GET", "/api/orders", params=params), 200, "data")
            yield page
            cursor = page.get("nextCursor")
            left = None if left is None else left - len(page["data"])
            if cursor is None or left == 0:
                return

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **given)
            self._date = answer.headers.get("Date")
            return answer
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoEngine(self.url, str(error) if "SSL" in str(error) else None) from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"{self.url} was reached, but did not answer within {TIMEOUT_SECONDS:g} s.") from error
        except httpx.RemoteProtocolError as error:
            if "disconnected" in str(error):
                raise NoAnswer(
                    f"The connection to {self.url} broke before an answer came: is it an order engine?"
                ) from error
            raise NotAnEngine(self.url, "what it says is not HTTP") from error
        except httpx.TransportError as error:
            raise NoAnswer(f"The connection to {self.url} broke before an answer came ({error}).") from error

    def _document(self, answer: httpx.Response, wanted: int, key: str) -> Document:
        """Return the JSON object of an answer that has the wanted status and this key."""
        document = _read(answer)
        if answer.status_code == wanted and key in document:
            return document
        if answer.headers.get("Content-Type", "").startswith(PROBLEM) and "code" in document:
            raise Refused(document, answer.status_code, answer.headers.get("Retry-After"))
        if answer.status_code in (502, 503, 504):
            raise NoAnswer(f"{self.url} answers {answer.status_code}: there is no engine behind it now.")
        kind = answer.headers.get("Content-Type", "no content type").partition(";")[0]
        path = answer.request.url.path
        raise NotAnEngine(self.url, f"{answer.request.method} {path} was answered {answer.status_code}, {kind}")


def proxy_for(url: str) -> Literal[True] | None:
    """Return what `websockets` takes: the environment's proxy, but none to this machine."""
    return None if is_loopback(url) else True


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where no proxy leads."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _order_path(order_id: str) -> str:
    return f"/api/orders/{quote(order_id, safe='')}"


def _read(answer: httpx.Response) -> Document:
    try:
        document = json.loads(answer.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
