"""Times as the stores keep them: whole microseconds since 1970, exact and sortable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_number(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_number(number: int) -> datetime:
    """The time, in UTC."""
    return EPOCH + timedelta(microseconds=number)
