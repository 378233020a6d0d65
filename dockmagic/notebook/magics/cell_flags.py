"""The flags that a cell has and the command has not: ``--into``, ``--expand``, ``--check``, ``--detach``, ``--wait``.

They stand before the verb or among its own flags, and are parsed with these; never behind an argument from which
another program's command line begins: ``%%docker run busybox prog --into x`` gives its flag to ``prog``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from dockmagic.commands.cmdline.command import Verb
from dockmagic.commands.cmdline.invocation import bind
from dockmagic.commands.cmdline.parameters import Flag, ValueFlag
from dockmagic.notebook.text import PROG
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.commands.cmdline.invocation import Invocation

__all__ = ["FLAGS", "USUAL", "OwnFlags", "bind_line"]


@dataclass(frozen=True, slots=True)
class OwnFlags:
    """What a cell wants of its own.

    Attributes:
        into: variable that the result is bound to; empty for the cell's value.
        expand: put ``{variables}`` into the body.
        check: an exit code other than 0 is an error.
        wait: seconds of silence after which a terminal's answer is taken for complete; None for the usual.
        detach: do it in the background, and give a `Job`.
    """

    into: str = ""
    expand: bool = False
    check: bool = True
    wait: float | None = None
    detach: bool = False

    def and_then(self, given: Mapping[str, Any]) -> OwnFlags:
        """These, and over them what further flags say: values by the parameters of `FLAGS`, None for one not given."""
        said = {name.removeprefix(_PREFIX): value for name, value in given.items() if value is not None}
        return replace(self, **said) if said else self


#: Those of a line that says nothing.
USUAL: Final = OwnFlags()


def _variable(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.isidentifier():
        raise InvalidInput(f"--into needs the name of a variable, not {value!r}", hint="Write --into NAME")
    return value


def _seconds(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InvalidInput(f"--wait needs seconds, not {value!r}", hint="Write for example --wait 60") from None


_PREFIX: Final = "cell_"  # a verb may have a parameter of the same name
#: The flags, for every verb that has none of the same name itself (as ``build --check``).
FLAGS: Final[tuple[click.Option, ...]] = (
    ValueFlag(["--into", "cell_into"], callback=_variable, help="Bind the result to a variable"),
    Flag(["--expand", "cell_expand"], default=None, help="Put {variables} into the text below"),
    Flag(["--check", "cell_check"], default=None, help="Whether another exit code than 0 is an error"),
    Flag(["--detach", "cell_detach"], default=None, help="Do it in the background, and give a handle: a Job"),
    ValueFlag(["--wait", "cell_wait"], callback=_seconds, help="Seconds to wait for a terminal's answer"),
)
# What stands before the verb. Flags that it does not know are left for the verbs: --help, --version, mistakes.
_BEFORE: Final = Verb(
    None,
    params=[*FLAGS, click.Argument(["words"], nargs=-1)],
    context_settings={"ignore_unknown_options": True},
    usage="[OPTIONS] COMMAND",
    takes_command=True,
    has_help=False,
)


def bind_line(
    argv: Sequence[str], *, usual: OwnFlags = USUAL, in_cell: bool = False
) -> tuple[Invocation | None, OwnFlags]:
    """Bind a command line of a cell, and the flags that are the cell's own.

    Args:
        argv: the words.
        usual: what the flags are unless the line says otherwise.
        in_cell: a text stands below the line.

    Returns:
        The call, None where the line has no command, and the flags.

    Raises:
        InvalidInput: it cannot be understood.
        NotSupported: the verb or flag is refused by name.
    """
    before = dict(_BEFORE.parse(PROG, argv).params)
    words = before.pop("words")
    own = usual.and_then(before)
    if not words:
        return None, own
    call = bind(words, prog=PROG, flags=FLAGS, in_cell=in_cell)
    return call, own.and_then(call.extra)
