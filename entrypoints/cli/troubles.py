"""What can go wrong between a user and an engine: each with its sentence and its exit code."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from entrypoints.cli.ending import NO_ENGINE, NOT_IN_TIME, REFUSED, WRONG_USAGE, Trouble


class NoEngine(Trouble):
    """Nobody listens there."""

    exit_code = NO_ENGINE

    def __init__(self, url: str, why: str | None = None) -> None:
        because = f" ({why})" if why else ""
        super().__init__(
            f"No engine answers at {url}{because}: start one with `make run` or `order-engine dev`, "
            "or name another with --url."
        )


class WrongEnvironment(Trouble):
    """A variable that is not ours, and that every program obeys, cannot be obeyed."""

    exit_code = WRONG_USAGE

    def __init__(self, what: str, variables: Iterable[str]) -> None:
        given = [name for name in variables for name in (name, name.lower()) if os.environ.get(name)]
        super().__init__(f"The environment names {what} that cannot be used: mend or unset {' or '.join(given)}.")


class NotAnEngine(Trouble):
    """Somebody else listens there."""

    exit_code = NO_ENGINE

    def __init__(self, url: str, answer: str) -> None:
        super().__init__(f"{url} answers, but it is not an order engine: {answer}.")


class NoAnswer(Trouble):
    """The engine was reached and its answer was not: what was asked for may have been done."""

    exit_code = NO_ENGINE


class NotInTime(Trouble):
    """The time that the user gave is over."""

    exit_code = NOT_IN_TIME


class Refused(Trouble):
    """The engine said no.

    `code` is the problem's; `come_back` says in how many seconds the same request may be tried again, None: never.
    `unknown` says that the request may have been done all the same.
    """

    exit_code = REFUSED

    def __init__(self, problem: Mapping[str, Any], status: int, retry_after: str | None) -> None:
        self.code = str(problem["code"])
        self.status = status
        self.unknown = problem.get("accepted") == "unknown"
        self.come_back = _seconds(retry_after) if status in (429, 503) else None
        super().__init__(_sentence(problem, self.code, self.come_back))


def _sentence(problem: Mapping[str, Any], code: str, come_back: float | None) -> str:
    fields = problem.get("errors")
    if isinstance(fields, list) and fields:
        bad = (f"  {error.get('field')}: {error.get('message')}" for error in fields if isinstance(error, dict))
        return "\n".join((f"Refused ({code}):", *bad))
    later = "" if come_back is None else f" It asks to come back in {come_back:g} s."
    return f"Refused ({code}): {problem.get('detail') or problem.get('title')}.{later}"


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 1.0
