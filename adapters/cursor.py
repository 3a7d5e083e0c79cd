"""List cursors: opaque texts that name the order after which a page starts."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from application.ports.errors import InvalidCursor

_LITERAL = "~"  # marks an id that is not a UUID in canonical form: only orders from elsewhere have one


def cursor_after(order_id: str) -> str:
    """Return the cursor of the page that starts after this order: 22 characters for a UUID."""
    try:
        number = UUID(order_id)
    except ValueError:
        return _LITERAL + _encoded(order_id.encode())
    return _encoded(number.bytes) if str(number) == order_id else _LITERAL + _encoded(order_id.encode())


def order_id_of(cursor: str) -> str:
    """Return the order id that a cursor names. Raises InvalidCursor for a text that is none."""
    try:
        raw = urlsafe_b64decode(f"{cursor.removeprefix(_LITERAL)}==")
        order_id = raw.decode() if cursor.startswith(_LITERAL) else str(UUID(bytes=raw))
        # The decoder is lenient (it skips foreign characters), so only what we would write ourselves is taken.
        if order_id and cursor_after(order_id) == cursor:
            return order_id
    except ValueError:  # not ASCII, not base64, not 16 bytes, not UTF-8
        pass
    raise InvalidCursor("not a cursor of this list")


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
