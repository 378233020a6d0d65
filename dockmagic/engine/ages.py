"""Lengths of time in docker's words."""

from __future__ import annotations

__all__ = ["duration"]

_MINUTE, _HOUR = 60, 3600


def duration(seconds: float) -> str:
    """A length of time in one unit, in docker's words: ``About an hour``, ``3 weeks``."""
    for limit, unit, one in (
        (1, 1, "Less than a second"), (_MINUTE, 1, "1 second"), (_HOUR, _MINUTE, "About a minute"),
        (48 * _HOUR, _HOUR, "About an hour"),
    ):  # fmt: skip
        whole = round(seconds / unit) if unit == _HOUR else int(seconds / unit)
        if seconds < limit and not (unit == _HOUR and whole >= 48):
            if limit == 1 or whole == 1:
                return one
            return f"{whole} {'seconds' if unit == 1 else 'minutes' if unit == _MINUTE else 'hours'}"
    hours = round(seconds / _HOUR)
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(seconds / _HOUR) // 24 // 365} years"
