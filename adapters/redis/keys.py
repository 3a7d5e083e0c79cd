"""The queue's keys. All hash to one slot of a cluster: the tag in braces is the stream's whole name."""

from collections.abc import Mapping
from types import MappingProxyType

STREAM = "order-execution"
GROUP = "workers"
JOBS = "{order-execution}:jobs"
LEASES = "{order-execution}:leases"
DELAYED = "{order-execution}:delayed"
BURIED = "{order-execution}:buried"
PAUSED = "{order-execution}:paused"
BELL = "{order-execution}:bell"
CLOCK = "{order-execution}:clock"
MARKS = "{order-execution}:marks"
LIMITS = "{order-execution}:limits"
# Never there: to delete it changes nothing, and is refused wherever a write would be.
NOTHING = "{order-execution}:nothing"

# What each holds whose loss would be noticed; whatever stands in the others' place, scripts write over it.
TYPES: Mapping[str, str] = MappingProxyType(
    {STREAM: "stream", JOBS: "hash", LEASES: "zset", DELAYED: "zset", BURIED: "zset"}
)
