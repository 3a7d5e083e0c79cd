"""Which new orders are traced: the standard samplers. The SDK's take 10 µs for an order that they do not choose."""

from collections.abc import Mapping
from typing import Final, Self

from attrs import frozen

_PARENT_BASED: Final = "parentbased_"
_ALL: Final = 2**64


@frozen
class Sampling:
    """Chooses traces whose last 64 bits are below a bound, as everybody with this share does.

    One that is `parent_based` leaves it to the client, where it has a trace.
    """

    parent_based: bool
    bound: int

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return what the environment wants: without a word all, and of clients with a trace what they want."""
        said = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() or f"{_PARENT_BASED}always_on"
        kind = said.removeprefix(_PARENT_BASED)
        shares = {"always_on": "1", "always_off": "0"}
        share = shares.get(kind) or environ.get("OTEL_TRACES_SAMPLER_ARG", "1")
        return cls(said != kind, round(float(share) * _ALL))

    def __call__(self, trace_id: bytes, traceparent: str | None) -> bool:
        """Whether this one is chosen."""
        if traceparent is not None and self.parent_based:
            return traceparent.endswith("1")
        return int.from_bytes(trace_id[8:]) < self.bound
