"""How often an order is tried, and how long it waits in between."""

from attrs import frozen


@frozen
class RetryPolicy:
    """Exponential backoff: `attempts` in all, `base_ms` after the first failure, doubled after each further one."""

    attempts: int = 3
    base_ms: int = 1000

    def delay_ms(self, failed_attempt: int) -> int | None:
        """Milliseconds to wait after `failed_attempt` (from 1); None when it was the last."""
        if failed_attempt >= self.attempts:
            return None
        return int(self.base_ms * 2 ** (failed_attempt - 1))
