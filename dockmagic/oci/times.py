"""Times as the documents write them (RFC 3339; image specification, config.md, `created`)."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime

__all__ = ["parse_time"]


def parse_time(text: str | None) -> datetime | None:
    """A time as configurations write it (RFC 3339), nanoseconds cut off; None for none, and for Go's zero."""
    if not text:
        return None
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        moment = datetime.fromisoformat((f"{whole}.{digits[:6]:0<6}{rest[len(digits) :]}" if dot else text).upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        year = moment.astimezone(UTC).year
    except (ValueError, OverflowError):
        return None
    # The first and the last year have times that some zones cannot tell, and no image is from them.
    return moment if MINYEAR < year < MAXYEAR else None
