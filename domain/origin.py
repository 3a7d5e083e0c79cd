"""Where an order came from: the request that asked for it, and the trace that both are part of."""

import re
from typing import Final

from attrs import frozen

# W3C Trace Context: version, trace id, the span of who asks, flags. A later version may say more behind that.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_LENGTH: Final = 55


@frozen
class Origin:
    """The id of the request, as its answer says it, and the order's place in a trace, in the form of W3C Trace Context.

    None is unknown: orders of earlier releases have neither.
    """

    request_id: str | None = None
    traceparent: str | None = None

    @property
    def trace_id(self) -> str | None:
        """The trace's id."""
        return trace_id_of(self.traceparent) if self.traceparent else None


NOWHERE: Final = Origin()


def read_traceparent(text: str | None) -> str | None:
    """Return what a `traceparent` says, as version 00 says it; None when it says nothing that can be believed."""
    if not text or not (found := _TRACEPARENT.match(text)):
        return None
    if len(text) > _LENGTH and (text.startswith("00") or text[_LENGTH] != "-"):
        return None
    is_sampled = int(found[3], 16) & 1
    return f"00-{found[1]}-{found[2]}-0{is_sampled}"


def trace_id_of(traceparent: str) -> str:
    """Return the id of its trace: 32 digits."""
    return traceparent[3:35]
