"""Options that several commands share, and what a shell may complete them with."""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

import typer

from domain.order_request import user_id

URL_VARIABLE = "ORDER_ENGINE_URL"
_PORT_VARIABLE = "ORDER_ENGINE_PORT"
_TOKENS = ("SOL", "USDC", "USDT", "BTC", "ETH", "JUP", "BONK")


def default_url() -> str:
    """Return where `order-engine dev` or `api` listens that was started with the same variables.

    Raises typer.BadParameter.
    """
    port = os.environ.get(_PORT_VARIABLE, "").strip() or "3000"
    if not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"{_PORT_VARIABLE} must be a port")
    return f"http://127.0.0.1:{port}"


def engine_url(text: str) -> str:
    """Read an engine's address; `localhost:3000` will do. Raises typer.BadParameter."""
    address = text.strip()
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - reading it is the check
        (parts.hostname or "").encode("idna")
    except ValueError:  # as UnicodeError is
        parts = urlsplit("")
    is_address = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if not is_address or " " in address or not address.isprintable():
        raise typer.BadParameter("must be the address of an engine, such as http://127.0.0.1:3000")
    return parts.geturl().rstrip("/")  # its scheme in small letters


def user_of(text: str | None) -> str | None:
    """Read a user's id as orders have it. Raises typer.BadParameter."""
    if text is None:
        return None
    try:
        return user_id(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def key_of(text: str | None) -> str | None:
    """Read an idempotency key; an empty one is none, and not a new one. Raises typer.BadParameter."""
    if text is None or re.fullmatch(r"[!-~]{1,255}", text):
        return text
    raise typer.BadParameter("must be 1 to 255 visible ASCII characters")


def tokens_like(incomplete: str) -> list[str]:
    """List well-known tokens that begin so; any other is as good."""
    return [token for token in _TOKENS if token.startswith(incomplete.upper())]


def instant(text: str | None, option: str = "--since") -> datetime | None:
    """Read a time with its zone, and return it in UTC. Raises typer.BadParameter."""
    if text is None:
        return None
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    raise typer.BadParameter("must be a time with its zone, such as 2026-01-02T03:04:05Z", param_hint=option)


Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar=URL_VARIABLE,
        default_factory=default_url,
        callback=engine_url,
        metavar="URL",
        show_default="http://127.0.0.1:3000, or the port of ORDER_ENGINE_PORT",
        help="The engine to talk to.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print each update as a line of JSON, for scripts.")]
OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.", show_default=False)]
Timeout = Annotated[
    float | None,
    typer.Option(min=0, metavar="SECONDS", help="Wait no longer than this.", show_default="for ever"),
]
Why = Annotated[
    str, typer.Option("--why", "--reason", metavar="TEXT", help="What others are told.", show_default=False)
]
User = Annotated[
    str | None,
    typer.Option("--user", metavar="ID", callback=user_of, help="Only this user's orders.", show_default="all orders"),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        show_default="an hour before the halt, or now",
        help="Compare from then on: before the first write that may be lost, as 2026-01-02T03:04:05Z.",
    ),
]
