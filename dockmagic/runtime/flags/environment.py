"""What ``-e`` and ``--env-file`` say (docker/cli, pkg/kvfile)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "merge_environment", "parse_label", "parse_label_file", "parse_variable", "program_environment", "read_env_file",
]  # fmt: skip


_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def merge_environment(image: Iterable[str], given: Iterable[str]) -> tuple[str, ...]:
    """A configuration's variables: those of ``-e``, each once, then the image's others (moby, runconfig)."""
    found = {word.partition("=")[0]: word for word in given}
    return (*found.values(), *(word for word in image if word.partition("=")[0] not in found))


def program_environment(configured: Iterable[str], given: Iterable[str], host: str, *, tty: bool) -> tuple[str, ...]:
    """What a program finds: docker's own variables, over them the configuration's, over these its own.

    Args:
        configured: of the container; a name alone takes a variable away.
        given: for this program; likewise.
        host: name of the host inside.
        tty: whether the program has a terminal.
    """
    found: dict[str, str] = {}
    for word in (_PATH, f"HOSTNAME={host}", *(("TERM=xterm",) if tty else ()), *configured, *given):
        name, equals, _ = word.partition("=")
        if equals:
            found[name] = word
        else:
            found.pop(name, None)
    return tuple(found.values())


def parse_variable(text: str, surroundings: Mapping[str, str] | None = None) -> str:
    """``-e``: ``NAME=VALUE``; ``NAME`` alone takes the value that this process has, and stays alone if it has none.

    Raises:
        InvalidInput: no name.
    """
    name, equals, _ = text.partition("=")
    if not name:
        raise InvalidInput(f'invalid argument "{text}" for -e: invalid environment variable: {text}')
    if equals:
        return text
    value = (os.environ if surroundings is None else surroundings).get(name)
    return name if value is None else f"{name}={value}"


def read_env_file(path: str | os.PathLike[str], surroundings: Mapping[str, str] | None = None) -> list[str]:
    """``--env-file``: one variable a line, taken as it is (quotes too); ``#`` begins a comment line.

    Raises:
        PathNotFound: there is no such file.
        InvalidInput: a line that is none, or text that is not UTF-8.
    """
    found = []
    for name, equals, value in _lines(path):
        word = parse_variable(f"{name}{equals}{value}", surroundings)
        if "=" in word:
            found.append(word)
    return found


def parse_label(text: str) -> tuple[str, str]:
    """``--label``: ``NAME=VALUE``, or ``NAME`` for an empty value.

    Raises:
        InvalidInput: no name.
    """
    name, _, value = text.partition("=")
    if not name:
        raise InvalidInput(f"invalid label '{text}': empty name", hint="Write NAME=VALUE")
    return name, value


def parse_label_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """``--label-file``: one label a line.

    Raises:
        PathNotFound: there is no such file.
        InvalidInput: a line that is none.
    """
    return {name: value for name, _, value in _lines(path)}


def _lines(path: str | os.PathLike[str]) -> list[tuple[str, str, str]]:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise PathNotFound(f"open {os.fspath(path)}: {(error.strerror or str(error)).lower()}") from None
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{os.fspath(path)} is not UTF-8 text") from None
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.removesuffix("\r").lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not name:
            raise InvalidInput(f"no variable name on line {number} of {os.fspath(path)}: '{stripped}'")
        if any(blank in name for blank in " \t\n"):
            raise InvalidInput(f"variable '{name}' contains whitespaces (line {number} of {os.fspath(path)})")
        found.append((name, equals, value))
    return found
