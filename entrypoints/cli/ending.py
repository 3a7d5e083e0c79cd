"""How commands end: a known trouble is one clear sentence on stderr and an exit code, never a stack."""

import os
from typing import NoReturn

from rich.console import Console

from entrypoints.settings import Settings, SettingsError

WRONG_SETTINGS = 2
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_of_the_environment() -> Settings:
    """Read the settings; their mistakes end the command."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        fail("\n".join(error.mistakes), WRONG_SETTINGS)


def fail(text: str, code: int = 1) -> NoReturn:
    """Tell what is wrong and end the command."""
    for line in text.splitlines():
        errors.print(line, style="red", markup=False)
    raise SystemExit(code)
