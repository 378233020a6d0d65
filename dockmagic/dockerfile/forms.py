"""From a statement to the instruction that it is: what each keyword takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .characters import SPACE
from .heredocs import parse_heredoc
from .instruction import Argument, Pair
from .instructions import (
    Add,
    Arg,
    Copy,
    Env,
    Expose,
    From,
    Label,
    Maintainer,
    Onbuild,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from .program_forms import read_cmd, read_entrypoint, read_healthcheck, read_run, read_shell
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .instruction import Instruction
    from .statement import Statement

__all__ = ["read_instruction"]

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*", re.ASCII)


def read_instruction(statement: Statement) -> Instruction:
    """Read it by its keyword.

    Raises:
        DockerfileError: no such instruction, or one that is not written as it must be.
    """
    read = _READERS.get(statement.name)
    if not statement.keyword:
        raise statement.error("a backslash continues nothing", word=statement.escape, hint="Take the line out")
    if read is None:
        raise statement.error(
            f"unknown instruction: {statement.keyword}",
            word=statement.keyword,
            suggestion=nearest(statement.keyword, _READERS, any_case=True),
        )
    return read(statement)


def _description(statement: Statement, name: str) -> str:
    if name:
        for comment in statement.comments:
            first, space, description = comment.partition(" ")
            if space and first == name:
                return description
    return ""


def _from(statement: Statement) -> From:
    flags = statement.read_flags({"platform": str})
    words = statement.words()
    stage = ""
    if len(words) == 3 and words[1].lower() == "as":
        stage = words[2].lower()
        if _STAGE_NAME.fullmatch(stage) is None:
            raise statement.error(
                f'invalid name for build stage: "{words[2]}", name can\'t start with a number or contain symbols',
                word=words[2],
            )
    elif len(words) != 1:
        opened = next((word for word in words if "${" in word and "}" not in word), "")
        hint = f"Blanks separate words even in {opened} …}}: write another sign" if opened else ""
        raise statement.error(
            "FROM requires either one or three arguments",
            word=opened,
            hint=hint or "Write FROM image, or FROM image AS name",
        )
    return From(
        **statement.common(),
        image=words[0],
        stage=stage,
        platform=flags.text("platform"),
        description=_description(statement, stage),
    )


def _pairs(statement: Statement) -> tuple[Pair, ...]:
    statement.read_flags({})
    statement.require_words()
    words = statement.quoted_words()
    if "=" not in words[0]:
        key, value = statement.first_word()
        if not value:
            raise statement.error(
                f"{statement.name} must have two arguments", hint=f"Write {statement.name} {key}=value"
            )
        return (Pair(key, value, legacy=True),)
    pairs = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise statement.error(
                f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value',
                word=word,
                hint="Put a value with spaces between quotes",
            )
        if not key:
            raise statement.error(f"{statement.name} names can not be blank", word=word)
        pairs.append(Pair(key, value))
    return tuple(pairs)


def _env(statement: Statement) -> Env:
    return Env(**statement.common(), pairs=_pairs(statement))


def _label(statement: Statement) -> Label:
    return Label(**statement.common(), pairs=_pairs(statement))


def _maintainer(statement: Statement) -> Maintainer:
    return Maintainer(**statement.common(), author=statement.only_word())


def _expose(statement: Statement) -> Expose:
    statement.read_flags({})
    statement.require_words()
    return Expose(**statement.common(), ports=tuple(sorted(statement.words())))


def _paths(statement: Statement) -> tuple[tuple[str, ...], str]:
    """Sources and destination, the heredocs left out."""
    words = statement.words()
    if len(words) < 2:
        raise statement.error(
            f"{statement.name} requires at least two arguments, but {'only one' if words else 'none'} was provided."
            " Destination could not be determined"
        )
    *sources, dest = words
    if statement.json is not None:
        return tuple(sources), dest
    if parse_heredoc(dest):
        raise statement.error(f"{statement.name} cannot accept a heredoc as a destination", word=dest)
    return tuple(source for source in sources if parse_heredoc(source) is None), dest


def _copy(statement: Statement) -> Copy:
    flags = statement.read_flags(
        {"from": str, "chown": str, "chmod": str, "link": bool, "parents": bool, "exclude": list}
    )
    from_ = flags.text("from")
    if "$" in from_[:-1]:
        raise statement.error(
            "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope"
            " as a workaround",
            word=from_,
        )
    sources, dest = _paths(statement)
    return Copy(
        **statement.common(),
        sources=sources,
        dest=dest,
        heredocs=statement.heredocs,
        from_=from_,
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        link=bool(flags.switch("link")),
        parents=bool(flags.switch("parents")),
        exclude=flags.every("exclude"),
    )


def _add(statement: Statement) -> Add:
    flags = statement.read_flags(
        {
            "chown": str,
            "chmod": str,
            "link": bool,
            "keep-git-dir": bool,
            "checksum": str,
            "unpack": bool,
            "exclude": list,
        }
    )
    sources, dest = _paths(statement)
    return Add(
        **statement.common(),
        sources=sources,
        dest=dest,
        heredocs=statement.heredocs,
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        link=bool(flags.switch("link")),
        exclude=flags.every("exclude"),
        checksum=flags.text("checksum"),
        keep_git_dir=flags.switch("keep-git-dir"),
        unpack=flags.switch("unpack"),
    )


def _volume(statement: Statement) -> Volume:
    statement.read_flags({})
    paths = tuple(word.strip(SPACE) for word in statement.words())
    if not paths:
        raise statement.error("VOLUME requires at least one argument")
    if not all(paths):
        raise statement.error("VOLUME specified can not be an empty string")
    return Volume(**statement.common(), paths=paths)


def _user(statement: Statement) -> User:
    return User(**statement.common(), user=statement.only_word())


def _workdir(statement: Statement) -> Workdir:
    return Workdir(**statement.common(), path=statement.only_word())


def _arg(statement: Statement) -> Arg:
    statement.read_flags({})
    statement.require_words()
    arguments = []
    for word in statement.quoted_words():
        name, equals, default = word.partition("=")
        if not name:
            raise statement.error("ARG names can not be blank", word=word)
        arguments.append(Argument(name, default if equals else None, _description(statement, name)))
    return Arg(**statement.common(), arguments=tuple(arguments))


def _onbuild(statement: Statement) -> Onbuild:
    statement.read_flags({})
    statement.require_words()
    inner = statement.inner()
    if inner.name == "ONBUILD":
        raise statement.error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", word=inner.keyword)
    if inner.name in ("FROM", "MAINTAINER"):
        raise statement.error(f"{inner.name} isn't allowed as an ONBUILD trigger", word=inner.keyword)
    expression = "".join([inner.text, *(f"\n{doc.content}{doc.name}" for doc in statement.heredocs)])
    return Onbuild(**statement.common(), expression=expression, trigger=read_instruction(inner))


def _stopsignal(statement: Statement) -> Stopsignal:
    return Stopsignal(**statement.common(), signal=statement.only_word())


_READERS: Final[dict[str, Callable[[Statement], Instruction]]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": read_cmd,
    "COPY": _copy,
    "ENTRYPOINT": read_entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": read_healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": read_run,
    "SHELL": read_shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
