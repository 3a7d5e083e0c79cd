"""The pepper of API keys: a file of secret bytes, by which alone the keys' digests can be made."""

import os
import secrets
import stat
from hashlib import blake2b
from pathlib import Path

from entrypoints.settings import PREFIX, SettingsError

_LEAST, _MOST = 32, 4096
_NAME = f"{PREFIX}KEY_PEPPER_FILE"


def read_pepper(path: Path | None) -> bytes:
    """Return the pepper. Raises SettingsError without a file, and for one that others than its owner may read."""
    if path is None:
        raise SettingsError([f"{_NAME} must be set"])
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno())
            content = file.read(_MOST + 1).strip()
    except OSError as error:
        raise SettingsError([f"{_NAME} cannot be read: {error.strerror}"]) from error
    if not stat.S_ISREG(mode.st_mode) or mode.st_mode & 0o077 or mode.st_uid not in (os.geteuid(), 0):
        raise SettingsError(
            [f"{_NAME} must be a file that is its owner's alone (chmod 600), the owner this user or root"]
        )
    if not _LEAST <= len(content) <= _MOST:
        raise SettingsError([f"{_NAME} must hold {_LEAST} to {_MOST} bytes"])
    return blake2b(content, digest_size=64).digest()


def make_pepper(path: Path) -> bool:
    """Make a new pepper, unless there is one; return whether it was made. Raises SettingsError."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingsError([f"{_NAME} cannot be made: {error.strerror}"]) from error
    with open(made, "w", encoding="ascii") as file:
        os.fchmod(made, 0o600)
        file.write(secrets.token_urlsafe(64) + "\n")
    return True
