"""Cursors of lists of executions: opaque texts that say where a page starts, good for one user's list only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from application.ports.errors import InvalidCursor

_POSITION_BYTES, _MARK_BYTES = 8, 10


def cursor_at(position: int, user_id: str | None) -> str:
    """Return the cursor, 24 characters, of the page that follows this position in a user's list (None: everyone's)."""
    raw = position.to_bytes(_POSITION_BYTES)
    return urlsafe_b64encode(raw + _mark(raw, user_id)).decode()


def position_of(cursor: str, user_id: str | None) -> int:
    """Return the position that a cursor of this user's list names. Raises InvalidCursor for any other text.

    Nothing is looked up: so the answer cannot reveal what is there.
    """
    try:
        raw = urlsafe_b64decode(cursor)[:_POSITION_BYTES]
    except ValueError:  # not ASCII, not base64
        raw = b""
    position = int.from_bytes(raw)
    # The decoder is lenient (it skips foreign characters), so only what we would write ourselves is taken.
    if 0 < position < 2**63 and cursor_at(position, user_id) == cursor:
        return position
    raise InvalidCursor("not a cursor of this list")


def _mark(raw: bytes, user_id: str | None) -> bytes:
    """Bind a position to whose list it is of. No secret: who makes one up gets his own list, from elsewhere on."""
    whose = b"all" if user_id is None else b"of " + user_id.encode(errors="surrogatepass")
    return sha256(raw + whose).digest()[:_MARK_BYTES]
