"""What can go wrong between a user and an engine: each with its sentence and its exit code."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from entrypoints.cli.ending import NO_ENGINE, NOT_IN_TIME, REFUSED, WRONG_USAGE, Trouble

if TYPE_CHECKING:
    from order_engine_client import OrderEngineError, Refused


class WrongEnvironment(Trouble):
    """A variable that is not ours, and that every program obeys, cannot be obeyed."""

    exit_code = WRONG_USAGE

    def __init__(self, what: str, variables: Iterable[str]) -> None:
        given = [name for name in variables for name in (name, name.lower()) if os.environ.get(name)]
        super().__init__(f"The environment names {what} that cannot be used: mend or unset {' or '.join(given)}.")


class EngineTrouble(Trouble):
    """What the client raised, in words for a terminal: with what its notes say to do."""

    def __init__(self, text: str, exit_code: int, advice: Iterable[str]) -> None:
        self.exit_code = exit_code
        super().__init__("\n".join((text, *advice)))


def trouble_of(error: "OrderEngineError") -> EngineTrouble:
    """Return what to say of a client's error."""
    text, code = _said(error)
    advice = list(getattr(error, "__notes__", ()))
    if error.maybe_done and error.idempotency_key:
        again = f"repeat this with --idempotency-key {error.idempotency_key}"
        return EngineTrouble(text, NO_ENGINE, [f"It is not known whether the order was accepted: {again}", *advice])
    return EngineTrouble(text, code, advice)


def first_line(error: "OrderEngineError") -> str:
    """Return what to say of an error that is not the end."""
    return _said(error)[0].partition("\n")[0]


def _said(error: "OrderEngineError") -> tuple[str, int]:
    from order_engine_client import NotAnEngine, OutOfTime, Refused, Unreachable

    match error:
        case Refused():
            return _refusal(error), REFUSED
        case Unreachable():
            because = f" ({error.why})" if error.why else ""
            start = "start one with `make run` or `order-engine dev`, or name another with --url"
            return f"No engine answers at {error.url}{because}: {start}.", NO_ENGINE
        case NotAnEngine():
            return f"{error}.", NO_ENGINE
        case OutOfTime():
            return "The order did not finish in time; it goes on.", NOT_IN_TIME
    return f"{str(error).removesuffix('?')}{'?' if str(error).endswith('?') else '.'}", NO_ENGINE


def _refusal(error: "Refused") -> str:
    if error.errors:
        return "\n".join((f"Refused ({error.code}):", *(f"  {bad.field}: {bad.message}" for bad in error.errors)))
    later = "" if error.retry_after is None else f" It asks to come back in {error.retry_after:g} s."
    return f"Refused ({error.code}): {error.detail}.{later}"
