"""Values of Python as the typed values of requests: what fits is converted once, what does not fit is a TypeError."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.platforms import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .option import Convert

__all__ = [
    "argv",
    "identities",
    "identity",
    "integer",
    "items",
    "mapping",
    "one_of",
    "path",
    "platform",
    "seconds",
    "switch",
    "text",
    "unfit",
    "value_text",
    "word",
    "words",
]


def unfit(keyword: str, value: object, wanted: str) -> TypeError:
    """The error for a value whose type does not fit."""
    shown = repr(value)
    shown = f"{shown[:57]}…" if len(shown) > 60 else shown
    return TypeError(f"{keyword} takes {wanted}, not {type(value).__name__}: {shown}")


def text(keyword: str, value: object) -> str:
    """A string without NUL, which no program and no file name can have."""
    if not isinstance(value, str):
        raise unfit(keyword, value, "a str")
    if "\0" in value:
        raise InvalidInput(f"{keyword} has a NUL character: {value!r}", hint="Take it out")
    return value


def switch(keyword: str, value: object) -> bool:
    """True or False, and no other value that counts as one."""
    if not isinstance(value, bool):
        raise unfit(keyword, value, "True or False")
    return value


def integer(keyword: str, value: object) -> int:
    """An int that is no bool."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise unfit(keyword, value, "an int")
    return value


def seconds(keyword: str, value: object) -> float:
    """A number of seconds."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise unfit(keyword, value, "a number of seconds")
    return value


def path(keyword: str, value: object) -> str:
    """A path of this machine as a text."""
    if not isinstance(value, (str, os.PathLike)):
        raise unfit(keyword, value, "a str or a path")
    return text(keyword, os.fspath(value))


def identity(keyword: str, value: object) -> str:
    """A user or group: its name, or its number as an int."""
    return str(integer(keyword, value)) if isinstance(value, int) else text(keyword, value)


def identities(keyword: str, value: object) -> tuple[str, ...]:
    """Users or groups: one, or a list of them."""
    found = [value] if isinstance(value, int) else items(keyword, value)
    return tuple(identity(keyword, one) for one in found)


def platform(keyword: str, value: object) -> Platform | None:
    """A `Platform`, or its name such as ``linux/arm64``; None for an empty one."""
    if isinstance(value, Platform):
        return value
    name = text(keyword, value)
    return Platform.parse(name) if name else None


def one_of(*allowed: str) -> Convert:
    """One of several words."""

    def convert(keyword: str, value: object) -> str:
        found = text(keyword, value)
        if found not in allowed:
            choices = ", ".join(allowed[:-1]) + f" or {allowed[-1]}"
            raise InvalidInput(f"invalid {keyword} option: '{found}'", hint=f"Write {choices}")
        return found

    return convert


def items(keyword: str, value: object, wanted: str = "a list") -> Iterator[Any]:
    """The members of a list or another iterable; a single str, a path or a mapping counts as one member."""
    if isinstance(value, (str, os.PathLike, Mapping)):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        yield from value
    else:
        raise unfit(keyword, value, wanted)


def words(keyword: str, value: object) -> tuple[str, ...]:
    """A list of strings; a single str is a list of one."""
    return tuple(text(f"{keyword}[{at}]", one) for at, one in enumerate(items(keyword, value, "a list of str")))


def mapping(keyword: str, value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values of a mapping; every name is a str that is not empty."""
    for name, one in value.items():
        if not text(f"a name in {keyword}", name):
            raise InvalidInput(f"a name in {keyword} is empty", hint="Leave it out")
        yield name, one


def value_text(keyword: str, value: object) -> str:
    """The value of a variable or a label: a str, a path or a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (str, os.PathLike)):
        return text(keyword, os.fspath(value))
    raise unfit(keyword, value, "a str or a number")


def argv(keyword: str, value: object) -> tuple[str, ...]:
    """A program with its arguments: a list, or one text that is split as a shell splits words, without a shell."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(text(keyword, value)))
        except ValueError as error:
            raise InvalidInput(f"{keyword} cannot be split into words: {str(error).lower()}") from None
    if isinstance(value, Mapping) or not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise unfit(keyword, value, "a str or a list of str")
    return tuple(path(f"{keyword}[{at}]", one) for at, one in enumerate(value))


def word(keyword: str, value: object) -> tuple[str, ...]:
    """One program as a command line names it; empty for none."""
    found = text(keyword, value)
    return (found,) if found else ()
