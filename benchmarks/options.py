"""How thoroughly to measure."""

from attrs import frozen


@frozen
class Options:
    """`rounds` is how often each figure is taken, beside its reference; `quick` measures less, to try things out.

    A soak lasts `minutes`.
    """

    rounds: int = 3
    quick: bool = False
    minutes: int = 10

    @property
    def seconds(self) -> float:
        """How long one window is, in which something is measured."""
        return 3.0 if self.quick else 10.0

    @property
    def warm_up_seconds(self) -> float:
        """How long a process is loaded before it is measured."""
        return 1.0 if self.quick else 3.0

    def many(self, count: int) -> int:
        """Return `count`, or a tenth of it when quick."""
        return count // 10 if self.quick else count
