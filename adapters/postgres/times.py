"""Times in the tables: UTC, without saying so, whatever the server's zone."""

from datetime import UTC, datetime


def utc(stored: datetime) -> datetime:
    """Return a time as the engine has it."""
    return datetime.combine(stored, stored.time(), UTC)  # a quarter of what `replace` costs


def stored(at: datetime | None) -> datetime | None:
    """Return a time as the tables have it; None stays so."""
    return at.astimezone(UTC).replace(tzinfo=None) if at is not None else None
