"""From what HTTP brought to a model, or to the trouble that it was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from order_engine_client.calls import Call
from order_engine_client.errors import NoAnswer, NotAnEngine, OrderEngineError, Refused, Unreachable
from order_engine_client.reading import Document, document

PROBLEM = "application/problem+json"
COMING_BACK = (429, 503)

T = TypeVar("T")


def result(call: Call[T], answer: httpx.Response, url: str) -> T:
    """Return what the engine at `url` answered. Raises Refused, NoAnswer, NotAnEngine."""
    if answer.status_code == call.status:
        try:
            return call.read(document(answer.content or b"{}"), answer.headers)
        except ValueError as error:
            raise NotAnEngine(url, _kind(call.method, call.path, answer)) from error
    raise trouble(answer.status_code, answer.headers, answer.content, url, _kind(call.method, call.path, answer))


def trouble(status: int, headers: Mapping[str, str], content: bytes, url: str, said: str) -> OrderEngineError:
    """Return what an answer that nobody wants means: the engine's, or of what stands before it."""
    retry_after = _seconds(headers.get("Retry-After")) if status in COMING_BACK else None
    if headers.get("Content-Type", "").startswith(PROBLEM) and "code" in (problem := _document(content)):
        return Refused.of(problem, status, retry_after)
    if status == 401 and "WWW-Authenticate" in headers:
        detail = "What stands before the engine asks for a user name and a password, or refuses them"
        return Refused.of({"code": "unauthenticated", "detail": detail}, status)
    if status == 407:
        return NoAnswer(f"The proxy before {url} asks for a user name and a password")
    if status == 429:
        detail = "What stands before the engine says that there are too many requests"
        return Refused.of({"code": "rate_limited", "detail": detail}, status, retry_after)
    if status in (502, 503, 504):
        return NoAnswer(f"{url} answers {status}: there is no engine behind it now")
    return NotAnEngine(url, said)


@contextmanager
def transport_errors(url: str, timeout: float) -> Iterator[None]:
    """Raise what HTTP raises as what it means. Raises Unreachable, NoAnswer, NotAnEngine."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unreachable(url, why_unreachable(url, error)) from error
    except httpx.PoolTimeout as error:
        raise Unreachable(url, "all connections of this client are in use") from error
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{url} was reached, but did not answer within {timeout:g} s") from error
    except httpx.RemoteProtocolError as error:
        if "disconnected" not in str(error):
            raise NotAnEngine(url, "what it says is not HTTP") from error
        hint = "is it an order engine?" if url.startswith("https:") else "is it an order engine, or one with https://?"
        raise NoAnswer(f"The connection to {url} broke before an answer came: {hint}") from error
    except httpx.TransportError as error:
        raise NoAnswer(f"The connection to {url} broke before an answer came ({error})") from error
    except httpx.DecodingError as error:
        raise NotAnEngine(url, "its answer cannot be decoded") from error


def why_unreachable(url: str, error: Exception) -> str | None:
    """Say why no connection came about, where the network says more than that nobody was there."""
    text = str(error)
    if url.startswith("https:") and any(sign in text for sign in ("WRONG_VERSION", "RECORD_LAYER", "record layer")):
        return "it does not speak TLS there; is it http://?"
    if "SSL" in text or "certificate" in text:
        return text
    return "this name is unknown" if "Name or service" in text or "nodename" in text else None


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time that an answer has, to the second."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None


def _kind(method: str, path: str, answer: httpx.Response) -> str:
    kind = answer.headers.get("Content-Type", "no content type").partition(";")[0]
    return f"{method} {path} was answered {answer.status_code}, {kind}"


def _document(content: bytes) -> Document:
    try:
        return document(content)
    except ValueError:
        return {}


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 1.0
