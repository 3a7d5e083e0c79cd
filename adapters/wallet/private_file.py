"""Files that are their owner's alone: keys, passphrases, tokens."""

import os
import stat
from pathlib import Path


class BadWallet(Exception):
    """A wallet, or what opens it, cannot be used; the text says why, and holds nothing that is secret."""


def read_private(path: Path, most: int) -> bytes:
    """Return what a file holds. Raises BadWallet, also for one that others than its owner may read or write."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would be waited for
    except (OSError, ValueError) as error:
        raise BadWallet(f"{path} cannot be read: {_reason(error)}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in (os.geteuid(), 0):
            raise BadWallet(f"{path} must be a file that is its owner's alone (chmod 600), the owner this user or root")
        content = os.read(descriptor, most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise BadWallet(f"{path} has more than {most} bytes")
    return content


def write_private(path: Path, content: bytes) -> None:
    """Make a new file that is closed to all others, and have it on disk. Raises BadWallet; one that is there stays."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        raise BadWallet(f"{path} cannot be made: {_reason(error)}") from error
    try:
        with open(made, "wb") as file:
            os.fchmod(made, 0o600)
            file.write(content)
            file.flush()
            os.fsync(made)
        _sync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BadWallet(f"{path} cannot be written: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "that is no path"
