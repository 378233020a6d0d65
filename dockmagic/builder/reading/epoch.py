"""``SOURCE_DATE_EPOCH``: seconds since 1970, or the name of what has the date.

It may be ``context``, a named context, or a stage that does nothing but ADD one thing from elsewhere: of git the date
of the commit counts, of the web that of the file, else that of the newest file in an archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.builder.sources.source_checks import is_remote
from dockmagic.dockerfile import Add, Arg, expand
from dockmagic.oci.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dockmagic.dockerfile import Dockerfile, Stage

    from .scope import Arguments

__all__ = ["EPOCH", "DateOf", "epoch_of"]

EPOCH: Final = "SOURCE_DATE_EPOCH"
_DIGITS: Final = len("253402300799")  # the last second that a calendar has


class DateOf(NamedTuple):
    """What the date is taken from.

    Attributes:
        context: name of a named context; empty for the build's own.
        add: expanded, with one source from elsewhere; None for a context.
    """

    context: str = ""
    add: Add | None = None


def epoch_of(dockerfile: Dockerfile, arguments: Arguments, contexts: Collection[str] = ()) -> int | DateOf | None:
    """The date for the whole build that the argument sets: one that is given, or an ARG before the first FROM.

    Args:
        dockerfile: parsed.
        arguments: of the build.
        contexts: names of the named contexts.

    Raises:
        DockerfileError: it is neither a number of seconds nor the name of what can have a date.
    """
    text = arguments.given.get(EPOCH) or arguments.common.get(EPOCH, "")
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    if text == "context":
        return DateOf()
    if text in contexts:
        return DateOf(text)
    stage = next((one for one in dockerfile.stages if one.name and one.name == text.lower()), None)
    if stage is not None:
        return DateOf(add=_only_add(dockerfile, stage, arguments))
    reason, hint = f"invalid {EPOCH}: {text[:40]}", "Set it to seconds since 1970, such as 1700000000, or to context"
    for arg in dockerfile.meta_args:
        if any(argument.name == EPOCH for argument in arg.arguments):
            raise arg.error(reason, word=EPOCH, hint=hint)
    raise DockerfileError(reason, file=dockerfile.name, hint=hint)


def _only_add(dockerfile: Dockerfile, stage: Stage, arguments: Arguments) -> Add:
    known = {name: value for name, value in arguments.common.items() if name != EPOCH}
    hint = "Let the stage be FROM scratch and ADD with one URL or git repository"
    if expand(stage.base.image, known, escape=dockerfile.escape) != "scratch":
        raise stage.base.error(f"{EPOCH} stage must use FROM scratch", word=stage.base.image, hint=hint)
    adds: list[Add] = []
    for one in stage.instructions:
        if isinstance(one, Add):
            adds.append(one.expanded(lambda word: expand(word, known, escape=dockerfile.escape)))
        elif isinstance(one, Arg):
            for argument in one.arguments:
                if argument.name in arguments.given:
                    known[argument.name] = arguments.given[argument.name]
                elif argument.default is not None:
                    known[argument.name] = expand(argument.default, known, escape=dockerfile.escape)
        else:
            raise one.error(
                f"{EPOCH} stage does not meet source-only requirements: unsupported {one.name} instruction", hint=hint
            )
    if len(adds) != 1 or len(adds[0].sources) != 1 or adds[0].heredocs or not is_remote(adds[0].sources[0]):
        raise stage.base.error(f"{EPOCH} stage must contain exactly one remote ADD", hint=hint)
    return adds[0]
