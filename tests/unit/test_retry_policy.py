"""How long a failed order waits."""

from application.retry_policy import RetryPolicy


def test_the_wait_doubles_and_the_last_attempt_has_none() -> None:
    assert [RetryPolicy().delay_ms(attempt) for attempt in (1, 2, 3)] == [1000, 2000, None]
    assert [RetryPolicy(4).delay_ms(attempt) for attempt in (1, 2, 3, 4)] == [1000, 2000, 4000, None]
    assert RetryPolicy(1).delay_ms(1) is None
