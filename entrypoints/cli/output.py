"""What commands print: plain on a pipe, in colours on a terminal, JSON for scripts. Imports rich when it is needed."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from domain.money import plain
from domain.names import is_unseen

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

PIPE_WIDTH = 240


def say(text: str) -> None:
    """Print a sentence, or a line for each."""
    for line in text.splitlines():
        console().print(printable(line))


def say_json(value: Any) -> None:
    """Answer a script with one line; decimals keep their digits."""
    typer.echo(json_text(value))


def json_text(value: Any) -> str:
    """Return a value as JSON, decimals as the API writes them."""
    import msgspec

    return visible_json(msgspec.json.encode(_with_plain_decimals(value)).decode())


def visible_json(text: str) -> str:
    """Return the same JSON with escapes for what a terminal would obey, or nobody would see."""
    return text if text.isascii() and text.isprintable() else "".join(map(_in_json, text))


def _in_json(char: str) -> str:
    return json.dumps(char)[1:-1] if is_unseen(char) and char != "\n" else char


def plainly(value: object) -> str:
    """Return a value's text, a decimal's as the API writes it: its exact digits, and no exponent."""
    return plain(value) if isinstance(value, Decimal) else str(value)


def swap_of(order: Mapping[str, Any]) -> str:
    """Return what an order, or its first frame, asks for: `10 SOL to USDC`."""
    return f"{plainly(order.get('amount'))} {order.get('inputToken')} to {order.get('outputToken')}"


def in_symbols(order: Mapping[str, Any], symbols: Mapping[str, str]) -> dict[str, Any]:
    """Return an order, or its first frame, with what people call its tokens instead of their addresses."""
    sides = ("inputToken", "outputToken")
    return {**order, **{side: symbols.get(order[side], order[side]) for side in sides if side in order}}


def show(what: "RenderableType") -> None:
    """Show a table, or anything else that rich can draw."""
    console().print(what, soft_wrap=not on_terminal())


def complain(text: str, style: str = "yellow") -> None:
    """Print something on stderr, beside what a script reads, without the secrets of the settings."""
    from entrypoints.redaction import redactor

    with suppress(OSError):  # whoever cannot be told has at least the exit code
        for line in redactor(os.environ)(text).splitlines():
            console(stderr=True).print(printable(line), style=style)


def cell(value: object, style: str = "") -> "Text":
    """Return a value for a table: nothing in it is taken for markup, and nothing reaches the terminal's controls."""
    from rich.text import Text

    return Text(printable("" if value is None else plainly(value)), style)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return "".join(char if char.isprintable() and not is_unseen(char) else "\N{REPLACEMENT CHARACTER}" for char in text)


def console(*, stderr: bool = False, soft_wrap: bool = True) -> "Console":
    """Return a console on stdout, or on stderr; with `soft_wrap` the terminal itself breaks long lines.

    Texts are printed as they are: brackets and colons in them mean nothing.
    """
    from rich.console import Console

    # A pipe has no width of its own, and `grep` wants whole lines.
    width = None if on_terminal(stderr=stderr) else PIPE_WIDTH
    return Console(stderr=stderr, highlight=False, soft_wrap=soft_wrap, width=width, markup=False, emoji=False)


def on_terminal(*, stderr: bool = False) -> bool:
    """Whether a person looks at what is printed, so that it may move."""
    return (sys.stderr if stderr else sys.stdout).isatty()


def _with_plain_decimals(value: Any) -> Any:
    from msgspec import Raw

    if isinstance(value, Decimal):
        return Raw(plain(value).encode())
    if isinstance(value, dict):
        return {name: _with_plain_decimals(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_plain_decimals(inner) for inner in value]
    return value


def open_streams() -> None:
    """Have all three standard streams: one that the caller closed leads nowhere.

    Else the first file or socket that is opened would get its number, and what is printed. A sign that the terminal's
    encoding lacks is printed as a question mark, instead of failing.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free, which is this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - open to the end
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def write_out() -> None:
    """Write out what is printed so far. Raises OSError."""
    sys.stdout.flush()


def give_up_output() -> None:
    """Let what is still to be printed go nowhere: at its end the interpreter would try again, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
