"""The pepper of API keys: a file of secret bytes, by which alone the keys' digests can be made."""

from hashlib import blake2b
from pathlib import Path

from entrypoints.secret_file import make_secret, read_secret
from entrypoints.settings import PREFIX, SettingsError

_NAME = f"{PREFIX}KEY_PEPPER_FILE"


def read_pepper(path: Path | None) -> bytes:
    """Return the pepper. Raises SettingsError without a file, and for one that others than its owner may read."""
    if path is None:
        raise SettingsError([f"{_NAME} must be set"])
    return blake2b(read_secret(path, _NAME), digest_size=64).digest()


def make_pepper(path: Path) -> bool:
    """Make a new pepper, unless there is one; return whether it was made. Raises SettingsError."""
    return make_secret(path, _NAME)
