"""Which user's orders are paid by which wallet: a JSON object in a file, of users' ids and wallets' places."""

from collections.abc import Mapping
from pathlib import Path

from adapters.followed_file import FollowedFile, UnfitFile
from adapters.strict_json import object_of
from adapters.wallet.private_file import BadWallet

_FILE_BYTES = 4 * 1024 * 1024


def read_mapping(path: Path) -> Mapping[str, str]:
    """Return the place of each user's wallet; paths are taken from the file's own folder. Raises BadWallet."""
    try:
        places = object_of(FollowedFile(path, _FILE_BYTES, "they would choose who pays").content())
    except UnfitFile as error:
        raise BadWallet(f"{path} {error}") from error
    except ValueError:
        raise BadWallet(f"{path} is no JSON object that has each user once") from None
    return {user_id: _place(place, path) for user_id, place in places.items()}


def _place(place: object, path: Path) -> str:
    if not isinstance(place, str) or not place:
        raise BadWallet(f"{path} must have a key file's path, or a remote signer's URL, for each user")
    return place if "://" in place else str(path.parent / place)
