"""From the words of a command line to the verb that they begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .table import ALIASES, NOUNS, VERBS, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .command import Verb

__all__ = ["find"]


def find(argv: Sequence[str], *, prog: str) -> tuple[str, Verb, list[str]]:
    """The verb that a command line begins with: how the user calls it, its command, and the arguments after it.

    Args:
        argv: without the program's name.
        prog: the program's name, for messages.

    Raises:
        UsageMistake: there is no such verb.
        NotSupported: it is refused by name.
    """
    if not argv or argv[0] in ("--help", "-h"):
        return "help", load("help"), list(argv[1:])
    if argv[0] in ("--version", "-v"):
        return "version", load("version"), ["--short"]
    argv = _builder_last(argv)
    for words in (2, 1):
        called = " ".join(argv[:words])
        verb = ALIASES.get(called, called)
        if len(argv) >= words and verb in VERBS:
            return called, load(verb), list(argv[words:])
    if argv[0] in NOUNS and tuple(argv[1:2]) in ((), ("--help",), ("-h",)):
        return "help", load("help"), [argv[0]]
    from .unsupported import refuse  # only a mistake needs its table

    raise refuse(argv, prog=prog)


def _builder_last(argv: Sequence[str]) -> Sequence[str]:
    """``buildx --builder X build …`` as ``buildx build --builder X …``, which is the same."""
    if argv[0] not in ("buildx", "builder") or len(argv) < 2:
        return argv
    flag, equals, _ = argv[1].partition("=")
    end = 2 if equals else 3
    if flag != "--builder" or len(argv) <= end or argv[end].startswith("-"):
        return argv
    return (argv[0], argv[end], *argv[1:end], *argv[end + 1 :])
