"""``--filter`` of lists of images: read, and applied."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from dockmagic.image import local
from dockmagic.image.image import Image
from dockmagic.oci.errors import UNREADABLE_FLAG, InvalidInput
from dockmagic.oci.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dockmagic.store.content import ContentStore
    from dockmagic.store.names import Named

__all__ = ["image_filter", "moment", "named_filters"]

_KEYS: Final = ("before", "dangling", "label", "reference", "since", "until")
_TRUE: Final = ("true", "1", "t")
_FALSE: Final = ("false", "0", "f")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}


def image_filter(
    store: ContentStore, filters: Iterable[str], extra_keys: Sequence[str] = ()
) -> Callable[[Named], bool]:
    """What ``--filter KEY=VALUE`` lets through: every key, and for each key one of its values (labels: all).

    Args:
        store: where ``before`` and ``since`` look for images.
        filters: as written.
        extra_keys: others that the caller handles.

    Raises:
        InvalidInput: an unknown key, or a value that cannot be.
        ImageNotFound: of ``before`` or ``since``.
    """
    tests: dict[str, list[Callable[[Named], bool]]] = {}
    for key, value in named_filters(filters, (*_KEYS, *extra_keys)):
        if key in extra_keys:
            continue
        name = f"label {value}" if key == "label" else key
        tests.setdefault(name, []).append(_test(store, key, value))
    return lambda named: all(any(test(named) for test in alternatives) for alternatives in tests.values())


def named_filters(filters: Iterable[str], keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Key and value of each ``KEY=VALUE``.

    Raises:
        InvalidInput: no value, or another key than `keys`.
    """
    for text in filters:
        key, equals, value = text.partition("=")
        key, value = key.strip().lower(), value.strip()
        if not equals:
            raise InvalidInput(
                f"bad format of filter {text!r} (expected name=value)", hint="Write --filter KEY=VALUE"
            ).revised(exit_code=UNREADABLE_FLAG)
        if key not in keys:
            raise InvalidInput(f"invalid filter {key!r}", hint=f"There are {', '.join(sorted(keys))}")
        yield key, value


def _test(store: ContentStore, key: str, value: str) -> Callable[[Named], bool]:
    if key == "dangling":
        if value.lower() not in _TRUE + _FALSE:
            raise InvalidInput(f"invalid filter 'dangling={value}'", hint="Write true or false")
        wanted = value.lower() in _TRUE
        return lambda named: (named.ref is None) is wanted
    if key == "reference":
        return lambda named: named.ref is not None and named.ref.matches(value)
    if key == "label":
        name, equals, wanted_value = value.partition("=")
        return lambda named: _has_label(store, named, name, wanted_value if equals else None)
    limit = moment(value) if key == "until" else local.find(store, value).created
    if key == "since":
        return lambda named: _later(parse_time(named.created), limit)
    return lambda named: _later(limit, parse_time(named.created))


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


def _has_label(store: ContentStore, named: Named, name: str, value: str | None) -> bool:
    labels = Image(store, named.descriptor).config.labels or {}
    return name in labels and (value is None or labels[name] == value)


def moment(text: str) -> datetime:
    """A point in time: RFC 3339, a date, seconds since the epoch, or a Go duration before now.

    Raises:
        InvalidInput: none of these.
    """
    with contextlib.suppress(ArithmeticError, OSError, ValueError):  # a number that no calendar has
        found = _moment(text)
        if found is not None:
            return found
    raise InvalidInput(f"{text[:40]!r} is no time", hint="Write a duration such as 24h, or a date such as 2024-05-01")


def _moment(text: str) -> datetime | None:
    pieces = re.findall(r"(\d+(?:\.\d+)?)([hms])", text)
    if pieces and "".join(map("".join, pieces)) == text:
        ago = sum(float(number) * _UNITS[unit] for number, unit in pieces)
        return datetime.now(UTC) - timedelta(seconds=ago)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    return parse_time(text)
