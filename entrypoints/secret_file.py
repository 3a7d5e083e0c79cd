"""Files of secret bytes that only their owner may read."""

import os
import secrets
import stat
from pathlib import Path

from entrypoints.settings import SettingsError

_LEAST, _MOST = 32, 4096


def read_secret(path: Path, variable: str) -> bytes:
    """Return what a file holds, without the blanks around it. Raises SettingsError, which names the variable."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno())
            content = file.read(_MOST + 1).strip()
    except OSError as error:
        raise SettingsError([f"{variable} cannot be read: {error.strerror}"]) from error
    if not stat.S_ISREG(mode.st_mode) or mode.st_mode & 0o077 or mode.st_uid not in (os.geteuid(), 0):
        raise SettingsError(
            [f"{variable} must be a file that is its owner's alone (chmod 600), the owner this user or root"]
        )
    if not _LEAST <= len(content) <= _MOST:
        raise SettingsError([f"{variable} must hold {_LEAST} to {_MOST} bytes"])
    return content


def make_secret(path: Path, variable: str) -> bool:
    """Make a file of 64 random bytes, unless there is one; return whether it was made. Raises SettingsError."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingsError([f"{variable} cannot be made: {error.strerror}"]) from error
    with open(made, "w", encoding="ascii") as file:
        os.fchmod(made, 0o600)
        file.write(secrets.token_urlsafe(64) + "\n")
    return True
