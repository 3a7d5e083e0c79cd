"""Frames that carry their time of sending: as long as real ones, and cheap to read since all is at fixed places."""

import time

from application.frames import Frame

USER = "user123"
_BEFORE_STAMP = len('{"orderId":"00000000-0000-4000-8000-000000000000","status":"routing","message":"')
_STAMP = 20
_BEFORE_SEQ = _BEFORE_STAMP + _STAMP + len('","chosenDex":"Meteora","seq":')


def stamped_frame(order_id: str, seq: int) -> Frame:
    """Make a frame that is sent now; its message is this machine's monotonic clock in ns."""
    text = (
        f'{{"orderId":"{order_id}","status":"routing","message":"{time.monotonic_ns():020d}","chosenDex":"Meteora",'
        f'"seq":{seq},"timestamp":"2026-01-02T03:04:05.678Z","attempt":1,"userId":"{USER}"}}'
    )
    return Frame(order_id, USER, seq, False, text)


def stamp_of(text: bytes) -> int:
    """Return when a stamped frame was sent, on this machine's monotonic clock, in ns."""
    return int(text[_BEFORE_STAMP : _BEFORE_STAMP + _STAMP])


def seq_of(text: bytes) -> int:
    """Return a stamped frame's seq."""
    return int(text[_BEFORE_SEQ : text.index(b",", _BEFORE_SEQ)])
