"""How commands end: a known trouble is one clear sentence on stderr and an exit code, never a stack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from entrypoints.cli.output import complain

if TYPE_CHECKING:
    from entrypoints.settings import Settings

DONE = 0
REFUSED = 1  # by the engine or by a server; it was not done
WRONG_USAGE = 2  # of the command line or of the settings
ORDER_FAILED = 3
NO_ENGINE = 4  # nobody answers, or somebody who is no engine
NOT_IN_TIME = 5
DIFFERENCES = 6  # between the orders and the venues
NOT_WRITTEN = 7  # the command came to its end, and its answer went nowhere
INTERRUPTED = 130

LEVEL_VARIABLE = "ORDER_ENGINE_LOG_LEVEL"


class Trouble(Exception):
    """A known trouble; its text is for the user, a line for each thing to say."""

    exit_code = REFUSED


def settings_of_the_environment() -> "Settings":
    """Read the settings; their mistakes end the command, and what is not safe and not waived."""
    from entrypoints.security import require_security
    from entrypoints.settings import Settings, SettingsError

    try:
        settings = Settings.from_environment(os.environ)
        require_security(settings)
        return settings
    except SettingsError as error:
        fail(str(error), WRONG_USAGE)


def fail(text: str, code: int = REFUSED) -> NoReturn:
    """Say what is wrong and end the command."""
    complain(text, "red")
    raise SystemExit(code)


def fail_unforeseen(error: Exception) -> NoReturn:
    """End the command on an error that nobody foresaw: in a sentence, with its stack only where the log is for that."""
    import traceback

    if os.environ.get(LEVEL_VARIABLE, "").strip() == "debug":
        complain("".join(traceback.format_exception(error)))
    fail(f"Something went wrong here: {type(error).__name__}. {LEVEL_VARIABLE}=debug shows where.")


@contextmanager
def troubles_reported() -> Iterator[None]:
    """End the command with the exit code and the text of a trouble in the block; Ctrl-C ends it silently."""
    try:
        yield
    except Trouble as trouble:
        fail(str(trouble), trouble.exit_code)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
