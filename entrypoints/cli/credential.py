"""What a user shows an engine that wants to know who asks: an API key, or a token, from the environment."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from entrypoints.cli.ending import WRONG_USAGE, Trouble
from entrypoints.loopback import is_loopback_url

KEY_VARIABLE, FILE_VARIABLE = "ORDER_ENGINE_API_KEY", "ORDER_ENGINE_API_KEY_FILE"
_CREDENTIAL = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")


class BadCredential(Trouble):
    """What the environment has is no credential, or must not be sent there."""

    exit_code = WRONG_USAGE


def credential_for(url: str) -> str | None:
    """Return the user's credential for the engine at `url`; None without one.

    Raises BadCredential. It never goes in plain text to another machine.
    """
    credential = _credential()
    if not credential:
        return None
    if not _CREDENTIAL.fullmatch(credential):
        raise BadCredential(f"{KEY_VARIABLE} holds neither an API key nor a token.")
    if url.startswith("http:") and not is_loopback_url(url):
        raise BadCredential(f"{KEY_VARIABLE} is not sent in plain text to another machine: use https://.")
    if urlsplit(url).username is not None:
        raise BadCredential(f"The URL has a user name and {KEY_VARIABLE} is set: a request can show only one of them.")
    return credential


def _credential() -> str:
    given, path = os.environ.get(KEY_VARIABLE, "").strip(), os.environ.get(FILE_VARIABLE, "").strip()
    if given or not path:
        return given
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadCredential(f"The file of {FILE_VARIABLE} cannot be read: {why}.") from error
