"""What is on the pub/sub channels: each message is the text of one frame of the channel's order."""

import msgspec

from application.frames import Frame
from domain.status import OrderStatus

PREFIX = "updates:"
PATTERN = b"updates:*"


class _Wire(msgspec.Struct, rename="camel"):
    """What is needed of a frame's text."""

    order_id: str
    user_id: str
    seq: int
    status: OrderStatus


_decode = msgspec.json.Decoder(_Wire).decode


def channel_of(order_id: str) -> bytes:
    """Return the channel of an order, as messages name it."""
    return (PREFIX + order_id).encode()


def read_frame(channel: bytes, text: bytes) -> Frame | None:
    """Read a message; None for one that is not a frame of the channel's order, whoever sent it."""
    try:
        wire = _decode(text)
        frame = Frame(wire.order_id, wire.user_id, wire.seq, wire.status.is_final, text.decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return frame if channel == channel_of(wire.order_id) else None
