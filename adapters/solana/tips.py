"""How far the chain is, by what all nodes said: so a node that is behind is noticed."""

from attrs import field, frozen

from application.ports.errors import VenueUnavailable

# By so many slots a node may be behind what was last heard of the chain: 8 seconds.
BEHIND_SLOTS = 20


@frozen
class Tips:
    """The newest slot that any node said with each method."""

    _of: dict[str, int] = field(factory=dict)

    def require_near(self, method: str, slot: int) -> None:
        """Raise VenueUnavailable for an answer that is much older than what was heard before."""
        newest = self._of.get(method, 0)
        if slot < newest - BEHIND_SLOTS:
            raise VenueUnavailable(f"a node is {newest - slot} slots behind")
        self._of[method] = max(newest, slot)
