"""What is on the pub/sub channels: each message is the text of one frame of the channel's order.

Anybody who can reach Redis may publish. So a text that some reader could take for an order's end is one here: who
follows asks the store before it shows that.
"""

import re

import msgspec

from application.frames import Frame
from domain.status import OrderStatus

PREFIX = "updates:"
PATTERN = b"updates:*"
# No frame of ours is a tenth of it.
FRAME_BYTES = 1 << 16
_STATUS_KEY = re.compile(rb'"status"\s*:')
_KEY_IN_ESCAPES = re.compile(rb'\\u(?:[^"\\]|\\.)*"\s*:')


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
    """Read a message; None for one that is not a frame of the channel's order, whoever sent it.

    `final` is the frame of an end, and any that another reader might take for one.
    """
    if len(text) > FRAME_BYTES:
        return None
    try:
        wire = _decode(text)
        final = wire.status.is_final or _is_ambiguous(text)
        frame = Frame(wire.order_id, wire.user_id, wire.seq, final, text.decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return frame if channel == channel_of(wire.order_id) else None


def _is_ambiguous(text: bytes) -> bool:
    """Whether readers may differ about the status: its key comes twice, or may do so in escapes."""
    if text.count(b'"status"') == 1 and b"\\u" not in text:  # what nearly all are
        return False
    return len(_STATUS_KEY.findall(text)) != 1 or bool(_KEY_IN_ESCAPES.search(text))
