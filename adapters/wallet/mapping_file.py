"""Which user's orders are paid by which wallet: a JSON object in a file, of users' ids and wallets' places."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.wallet.private_file import BadWallet

_FILE_BYTES = 4 * 1024 * 1024


def read_mapping(path: Path) -> Mapping[str, str]:
    """Return the place of each user's wallet; paths are taken from the file's own folder. Raises BadWallet."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise BadWallet(f"{path} cannot be read: {error.strerror}") from error
    if found.st_mode & 0o022 or found.st_uid not in (os.geteuid(), 0):
        raise BadWallet(f"{path} may be written by others than this user and root: they would choose who pays")
    if len(content) > _FILE_BYTES:
        raise BadWallet(f"{path} has more than {_FILE_BYTES // 1024**2} MiB")
    return {user_id: _place(place, path) for user_id, place in _object_in(content, path).items()}


def _object_in(content: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise BadWallet(f"{path} is no JSON object that has each user once") from None
    if not isinstance(value, dict):
        raise BadWallet(f"{path} is no JSON object")
    return value


def _place(place: object, path: Path) -> str:
    if not isinstance(place, str) or not place:
        raise BadWallet(f"{path} must have a key file's path, or a remote signer's URL, for each user")
    return place if "://" in place else str(path.parent / place)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a user twice")
    return value
