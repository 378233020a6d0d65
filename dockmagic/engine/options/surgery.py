"""Values of what changes an image without a build, as Python writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.signals import parse_signal
from dockmagic.oci.times import parse_time

from .convert import items, mapping, path, seconds, unfit, value_text, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.surgery.append import Files

    #: A path of this machine, several, or a mapping of paths in the image to contents.
    Sources = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Mapping[str, bytes | str | os.PathLike[str]]

__all__ = ["files_of", "moment", "pairs", "signal"]

_YEAR_10000: Final = 253402300800


def files_of(files: Sources, to: str) -> Files:
    """Paths in the image, each with what is to be there; one that ends with a slash is that of a folder."""
    if not isinstance(files, Mapping):
        below = f"{to.rstrip('/')}/"
        return [(below, Path(path("files", one)).expanduser()) for one in items("files", files)]
    found: list[tuple[str, bytes | str | Path]] = []
    for name, content in mapping("files", files):
        if not isinstance(content, (bytes, str, os.PathLike)):
            raise unfit(f"files[{name!r}]", content, "bytes, a str or a path")
        place = f"{to.rstrip('/')}/{name.lstrip('/')}"
        found.append((place, content if isinstance(content, (bytes, str)) else Path(content).expanduser()))
    return found


def pairs(keyword: str, value: Mapping[str, Any] | Iterable[str]) -> dict[str, str | None]:
    """Names and values; None takes one away."""
    if isinstance(value, Mapping):
        return {
            name: None if one is None else value_text(f"{keyword}[{name!r}]", one)
            for name, one in mapping(keyword, value)
        }
    found: dict[str, str | None] = {}
    for word in words(keyword, value):
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise InvalidInput(f"{keyword} has {word!r}, which is no NAME=VALUE", hint="Write NAME=VALUE")
        found[name] = text
    return found


def signal(text: str) -> str:
    """The name or number of a signal."""
    parse_signal(text)
    return text


def moment(value: datetime | float | str) -> datetime:
    """A time, as a datetime, in seconds since 1970, or as a text of either."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.astimezone()
    found = None
    if isinstance(value, str) and not value.isdecimal():
        found = parse_time(value)
    else:
        number = int(value) if isinstance(value, str) else seconds("time", value)
        if 0 <= number < _YEAR_10000:
            found = datetime.fromtimestamp(number, UTC)
    if found is None:
        raise InvalidInput(f"{str(value)[:40]!r} is no time", hint="Write seconds since 1970, or 2024-01-01T00:00:00Z")
    return found
