"""Variables and labels: a mapping from Python, or ``NAME=VALUE`` as command lines have them."""

from __future__ import annotations

from collections.abc import Mapping

from dockmagic.oci.errors import InvalidInput
from dockmagic.runtime.flags.environment import parse_label, parse_label_file, parse_variable, read_env_file

from .convert import items, mapping, path, text, value_text

__all__ = ["build_arguments", "env", "env_file", "label_file", "labels", "pairs"]


def env(keyword: str, value: object) -> tuple[str, ...]:
    """``NAME=VALUE`` for each variable; one without a value (None, or ``NAME`` alone) has this process's.

    Where this process has none, the name stays alone, which takes the image's away.
    """
    found: list[str] = []
    if isinstance(value, Mapping):
        for name, one in mapping(keyword, value):
            if "=" in name:
                raise InvalidInput(f"{keyword}: {name!r} is no name of a variable", hint="Write {'NAME': 'VALUE'}")
            found.append(parse_variable(name if one is None else f"{name}={value_text(f'{keyword}[{name!r}]', one)}"))
    else:
        found += [parse_variable(text(f"{keyword}[{at}]", one)) for at, one in enumerate(items(keyword, value))]
    return tuple(found)


def env_file(keyword: str, value: object) -> tuple[str, ...]:
    """``NAME=VALUE`` for each line of the files."""
    return tuple(word for one in items(keyword, value) for word in read_env_file(path(keyword, one)))


def labels(keyword: str, value: object) -> dict[str, str]:
    """Name → value; from a list ``NAME=VALUE``, or ``NAME`` for an empty value."""
    if isinstance(value, Mapping):
        return {
            name: "" if one is None else value_text(f"{keyword}[{name!r}]", one)
            for name, one in mapping(keyword, value)
        }
    return dict(parse_label(text(f"{keyword}[{at}]", one)) for at, one in enumerate(items(keyword, value)))


def label_file(keyword: str, value: object) -> dict[str, str]:
    """The labels of files, one a line."""
    return {name: one for file in items(keyword, value) for name, one in parse_label_file(path(keyword, file)).items()}


def pairs(keyword: str, value: object, flag: str) -> dict[str, str]:
    """Key → value of a mapping, or of texts ``KEY=VALUE`` that have both.

    Raises:
        InvalidInput: one without a key or ``=``.
    """
    if isinstance(value, Mapping):
        return {name: value_text(f"{keyword}[{name!r}]", one) for name, one in mapping(keyword, value)}
    found = {}
    for one in items(keyword, value):
        key, equals, rest = text(keyword, one).partition("=")
        if not key or not equals:
            raise InvalidInput(f"invalid value {one!r} for {flag}", hint=f"Write {flag} KEY=VALUE")
        found[key] = rest
    return found


def build_arguments(keyword: str, value: object) -> dict[str, str | None]:
    """Name → value of ``ARG``; None takes the value from the environment, if it is set there."""
    if isinstance(value, Mapping):
        return {
            name: None if one is None else value_text(f"{keyword}[{name!r}]", one)
            for name, one in mapping(keyword, value)
        }
    found: dict[str, str | None] = {}
    for one in items(keyword, value):
        name, equals, rest = text(keyword, one).partition("=")
        if not name:
            raise InvalidInput(f"invalid value {one!r} for --build-arg", hint="Write --build-arg NAME=VALUE")
        found[name] = rest if equals else None
    return found
