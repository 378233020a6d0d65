"""The flags that a cell has and the command has not: ``--into``, ``--expand``, ``--check`` and ``--wait``.

They stand among the command's own flags, never behind an argument from which another program's command line begins:
``%%docker run busybox prog --into x`` gives its flag to ``prog``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput
from dockmagic.verbs.table import ALIASES, VERBS, load

from .line import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.verbs.command import Verb

    from .line import Word

__all__ = ["NAMES", "OwnFlags", "take_own_flags"]

#: Flag → whether it takes a value.
NAMES: Final = {"--into": True, "--expand": False, "--check": False, "--wait": True}
_TRUE = frozenset(("", "1", "t", "true"))
_FALSE = frozenset(("0", "f", "false"))


@dataclass(slots=True)
class OwnFlags:
    """What a cell wants of its own.

    Attributes:
        into: variable that the result is bound to; empty for the cell's value.
        expand: put ``{variables}`` into the body.
        check: an exit code other than 0 is an error.
        wait: seconds of silence after which a terminal's answer is taken for complete; None for the usual.
    """

    into: str = ""
    expand: bool = False
    check: bool = True
    wait: float | None = None

    def set(self, name: str, value: str) -> None:
        """Take one flag.

        Raises:
            InvalidInput: its value is none.
        """
        if name == "--into":
            if not value.isidentifier():
                raise InvalidInput(f"--into needs the name of a variable, not {value!r}", hint="Write --into NAME")
            self.into = value
        elif name == "--wait":
            try:
                self.wait = float(value)
            except ValueError:
                raise InvalidInput(f"--wait needs seconds, not {value!r}", hint="Write for example --wait 60") from None
        else:
            if value.lower() not in _TRUE | _FALSE:
                raise InvalidInput(f"invalid argument {value!r} for {name} flag", hint="Write true or false")
            setattr(self, name.removeprefix("--"), value.lower() in _TRUE)


def take_own_flags(line: str) -> tuple[str, OwnFlags]:
    """Take a cell's own flags out of its line; what is left is the command.

    Raises:
        InvalidInput: a flag without its value, or with one that is none.
    """
    own = OwnFlags()
    if not any(name in line for name in NAMES):
        return line, own
    words = split(line, strict=False)
    spans = []
    command: list[str] = []
    verb: Verb | None = None
    place = 0
    while place < len(words):
        name, equals, value = words[place].text.partition("=")
        if name == "--":
            break
        if name in NAMES and not (verb and _has(verb, name)):
            last = place + (NAMES[name] and not equals)
            if last == len(words):
                raise InvalidInput(f"{name} needs a value", hint=f"Write {name} VALUE")
            own.set(name, words[last].text if last > place else value)
            spans.append((words[place], words[last]))
            place = last + 1
            continue
        if verb is None:
            command.append(words[place].text)
            verb = _verb(command)
        elif not name.startswith("-") and verb.takes_command:
            break
        elif _takes_value(verb, name) and not equals:
            place += 1
        place += 1
    return _without(line, spans), own


def _verb(command: Sequence[str]) -> Verb | None:
    called = " ".join(command[:2])
    name = ALIASES.get(called, called)
    return load(name) if name in VERBS else None


def _has(verb: Verb, name: str) -> bool:
    """Whether the command has the flag itself, as ``build --check``."""
    return any(name in parameter.opts for parameter in verb.params)


def _takes_value(verb: Verb, name: str) -> bool:
    import click

    options = (one for one in verb.params if isinstance(one, click.Option) and name in one.opts)
    return any(not option.is_flag for option in options)


def _without(line: str, spans: Sequence[tuple[Word, Word]]) -> str:
    for first, last in reversed(spans):
        line = f"{line[: first.start].rstrip()} {line[last.end :].lstrip()}".strip()
    return line
