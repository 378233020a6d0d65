"""From a Dockerfile's text to typed instructions, as BuildKit reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypedDict

import msgspec

from dockmagic.oci.errors import DockerfileError

from .characters import SPACE, parse_duration
from .expansion import expand
from .heredocs import parse_heredoc
from .instructions import (
    Add,
    Arg,
    Argument,
    Cmd,
    Copy,
    Device,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Pair,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from .mounts import MountSpec
from .reader import Directives, read_statements
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .instructions import (
        Instruction,
    )
    from .reader import Statement

__all__ = ["Directives", "Dockerfile", "Stage", "parse", "parse_trigger"]

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*", re.ASCII)
_MILLISECOND: Final = 10**6


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A FROM and what follows up to the next.

    Attributes:
        index: counted from 0.
        base: the FROM.
        instructions: without the FROM.
    """

    index: int
    base: From
    instructions: tuple[Instruction, ...]

    @property
    def name(self) -> str:
        """In lower case; empty without AS."""
        return self.base.stage


class Dockerfile(msgspec.Struct, frozen=True, kw_only=True):
    """A Dockerfile, read.

    Attributes:
        name: of the file, for errors.
        source: its text.
        directives: at its top.
        escape: backslash, or backtick.
        meta_args: the ARGs before the first FROM.
        stages: at least one.
        empty_continuations: lines of instructions that go on over an empty line (the lint's NoEmptyContinuation).
        first_line: number of the first line of `source`, which all line numbers are counted from; 2 in a cell, whose
            first line is the magic.
    """

    name: str
    source: str
    directives: Directives
    escape: str
    meta_args: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    empty_continuations: tuple[int, ...] = ()
    first_line: int = 1

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All of them, in the file's order."""
        return (*self.meta_args, *(one for stage in self.stages for one in (stage.base, *stage.instructions)))

    def stage(self, name: str) -> Stage | None:
        """The last stage of this name (any case), else the one of this number, else None."""
        for stage in reversed(self.stages):
            if stage.name and stage.name == name.lower():
                return stage
        if name.isascii() and name.isdecimal() and int(name) < len(self.stages):
            return self.stages[int(name)]
        return None

    def excerpt(self, lines: tuple[int, int]) -> str:
        """The source of these lines."""
        first, last = (number - self.first_line for number in lines)
        return "\n".join(self.source.split("\n")[first : last + 1])


def parse(text: str | bytes, *, name: str = "Dockerfile", first_line: int = 1) -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: its bytes, or the same as text.
        name: for errors.
        first_line: number of its first line; the lines of instructions and errors are counted from it.

    Raises:
        DockerfileError: it is none, with line, column and what was probably meant.
    """
    read = read_statements(text, name, first=first_line)
    if not read.statements:
        raise DockerfileError("the Dockerfile has no instructions", file=name, hint="Begin it with FROM and an image")
    meta_args: list[Arg] = []
    stages: list[tuple[From, list[Instruction]]] = []
    for statement in read.statements:
        instruction = _instruction(statement)
        if isinstance(instruction, From):
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif isinstance(instruction, Arg):
            meta_args.append(instruction)
        else:
            raise statement.error(
                f"{statement.name} before the first FROM", word=statement.keyword, hint="Begin with FROM and an image"
            )
    if not stages:
        raise DockerfileError(
            "the Dockerfile has no stages to build", file=name, hint="Begin it with FROM and an image"
        )
    return Dockerfile(
        name=name,
        source=text if isinstance(text, str) else text.decode(),
        directives=read.directives,
        escape=read.escape,
        meta_args=tuple(meta_args),
        stages=tuple(
            Stage(index=index, base=base, instructions=tuple(instructions))
            for index, (base, instructions) in enumerate(stages)
        ),
        empty_continuations=read.empty_continuations,
        first_line=first_line,
    )


def parse_trigger(expression: str, *, lines: tuple[int, int] = (0, 0), file: str = "Dockerfile") -> Instruction:
    """Read one ONBUILD instruction of a base image's configuration.

    Args:
        expression: the instruction; its escape character is the backslash.
        lines: of the FROM that brings it: its own lines are in another file.
        file: of the FROM.

    Raises:
        DockerfileError: it is not one instruction.
    """
    try:
        statements = read_statements(expression, file).statements
        instructions = [msgspec.structs.replace(_instruction(statement), lines=lines) for statement in statements]
    except DockerfileError as error:
        raise DockerfileError(
            f"the base image's ONBUILD {expression}: {error.reason}", file=file, lines=lines, hint=error.hint
        ) from None
    if len(instructions) != 1:
        raise DockerfileError(
            f"the base image's ONBUILD {expression}: it is not one instruction", file=file, lines=lines
        )
    return instructions[0]


class _Common(TypedDict):
    """The fields that all instructions have."""

    lines: tuple[int, int]
    keyword: str
    original: str
    source: str
    comments: tuple[str, ...]
    file: str


def _common(statement: Statement) -> _Common:
    return {
        "lines": statement.lines,
        "keyword": statement.keyword,
        "original": statement.text,
        "source": statement.source.part(statement.lines),
        "comments": statement.comments,
        "file": statement.source.file,
    }


def _instruction(statement: Statement) -> Instruction:
    read = _READERS.get(statement.name)
    if read is None:
        raise statement.error(
            f"unknown instruction: {statement.keyword}",
            word=statement.keyword,
            suggestion=nearest(statement.keyword, _READERS, any_case=True),
        )
    return read(statement)


def _some(statement: Statement) -> None:
    if not statement.rest:
        raise statement.error(f"{statement.name} requires at least one argument")


def _one(statement: Statement) -> str:
    statement.read_flags({})
    if not statement.rest:
        raise statement.error(f"{statement.name} requires exactly one argument")
    return statement.rest


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
        raise statement.error(
            "FROM requires either one or three arguments", hint="Write FROM image, or FROM image AS name"
        )
    return From(
        **_common(statement),
        image=words[0],
        stage=stage,
        platform=str(flags.get("platform", "")),
        description=_description(statement, stage),
    )


def _run(statement: Statement) -> Run:
    flags = statement.read_flags({"mount": list, "network": str, "security": str, "device": list})
    network = str(flags.get("network", "default"))
    if network not in ("default", "none", "host"):
        raise statement.error(
            f'invalid network mode "{network}"',
            word="--network",
            suggestion=nearest(network, ("default", "none", "host")),
            hint="It is one of default, none and host",
        )
    security = str(flags.get("security", "sandbox"))
    if security not in ("sandbox", "insecure"):
        raise statement.error(f'security "{security}" is not valid', word="--security")
    if statement.json == ():
        raise statement.error("RUN requires at least one argument")
    return Run(
        **_common(statement),
        words=(statement.rest,) if statement.json is None else statement.json,
        shell=statement.json is None,
        heredocs=statement.heredocs,
        mounts=tuple(_mount(statement, text) for text in _listed(flags, "mount")),
        network=network,
        security=security,
        devices=tuple(_device(statement, text) for text in _listed(flags, "device")),
    )


def _listed(flags: Mapping[str, str | bool | list[str]], name: str) -> list[str]:
    values = flags.get(name, [])
    return values if isinstance(values, list) else []


def _mount(statement: Statement, text: str) -> MountSpec:
    try:
        spec = MountSpec.parse(text)
        if "$" not in text:  # else it can only be read when it is expanded
            spec.resolve(lambda word: expand(word, {}, escape=statement.escape))
    except DockerfileError as error:
        raise statement.error(error.reason, word=text, suggestion=error.suggestion, hint=error.hint) from None
    return spec


def _device(statement: Statement, text: str) -> Device:
    name, required = "", False
    for field in text.split(","):
        key, equals, value = field.partition("=")
        if key.lower() == "required":
            required = not equals or value.lower() in ("1", "t", "true")
        elif not name:
            name = value if key.lower() == "name" else field
        else:
            raise statement.error(f"unexpected key '{key}' in '{field}'", word=field)
    return Device(name, required)


def _cmd(statement: Statement) -> Cmd:
    statement.read_flags({})
    return Cmd(**_common(statement), words=_program_words(statement), shell=statement.json is None)


def _entrypoint(statement: Statement) -> Entrypoint:
    statement.read_flags({})
    return Entrypoint(**_common(statement), words=_program_words(statement), shell=statement.json is None)


def _program_words(statement: Statement) -> tuple[str, ...]:
    return (statement.rest,) if statement.json is None else statement.json


def _pairs(statement: Statement) -> tuple[Pair, ...]:
    statement.read_flags({})
    _some(statement)
    words = _quoted_words(statement)
    if "=" not in words[0]:
        parts = statement.rest.split(None, 1)
        if len(parts) < 2:
            raise statement.error(
                f"{statement.name} must have two arguments", hint=f"Write {statement.name} {parts[0]}=value"
            )
        return (Pair(parts[0], parts[1], legacy=True),)
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


def _quoted_words(statement: Statement) -> list[str]:
    """Words that white space outside quotes separates; quotes and escapes stay, for expansion takes them away."""
    words: list[str] = []
    word: list[str] = []
    quote = ""
    characters = iter(statement.rest)
    for character in characters:
        if character in SPACE and not quote:
            if word:
                words.append("".join(word))
                word = []
            continue
        if character == statement.escape and quote != "'":
            following = next(characters, "")
            word += [character, following] if following else []
            continue
        if character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        word.append(character)
    if word:
        words.append("".join(word))
    return words or [""]


def _env(statement: Statement) -> Env:
    return Env(**_common(statement), pairs=_pairs(statement))


def _label(statement: Statement) -> Label:
    return Label(**_common(statement), pairs=_pairs(statement))


def _maintainer(statement: Statement) -> Maintainer:
    return Maintainer(**_common(statement), author=_one(statement))


def _expose(statement: Statement) -> Expose:
    statement.read_flags({})
    _some(statement)
    return Expose(**_common(statement), ports=tuple(sorted(statement.words())))


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
    sources, dest = _paths(statement)
    return Copy(
        **_common(statement),
        sources=sources,
        dest=dest,
        heredocs=statement.heredocs,
        from_=str(flags.get("from", "")),
        chown=str(flags.get("chown", "")),
        chmod=str(flags.get("chmod", "")),
        link=bool(flags.get("link", False)),
        parents=bool(flags.get("parents", False)),
        exclude=tuple(_listed(flags, "exclude")),
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
        **_common(statement),
        sources=sources,
        dest=dest,
        heredocs=statement.heredocs,
        chown=str(flags.get("chown", "")),
        chmod=str(flags.get("chmod", "")),
        link=bool(flags.get("link", False)),
        exclude=tuple(_listed(flags, "exclude")),
        checksum=str(flags.get("checksum", "")),
        keep_git_dir=bool(flags["keep-git-dir"]) if "keep-git-dir" in flags else None,
        unpack=bool(flags["unpack"]) if "unpack" in flags else None,
    )


def _volume(statement: Statement) -> Volume:
    statement.read_flags({})
    paths = tuple(word.strip(SPACE) for word in statement.words())
    if not paths:
        raise statement.error("VOLUME requires at least one argument")
    if not all(paths):
        raise statement.error("VOLUME specified can not be an empty string")
    return Volume(**_common(statement), paths=paths)


def _user(statement: Statement) -> User:
    return User(**_common(statement), user=_one(statement))


def _workdir(statement: Statement) -> Workdir:
    return Workdir(**_common(statement), path=_one(statement))


def _arg(statement: Statement) -> Arg:
    statement.read_flags({})
    _some(statement)
    arguments = []
    for word in _quoted_words(statement):
        name, equals, default = word.partition("=")
        if not name:
            raise statement.error("ARG names can not be blank", word=word)
        arguments.append(Argument(name, default if equals else None, _description(statement, name)))
    return Arg(**_common(statement), arguments=tuple(arguments))


def _onbuild(statement: Statement) -> Onbuild:
    statement.read_flags({})
    _some(statement)
    inner = statement.inner()
    if inner.name == "ONBUILD":
        raise statement.error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", word=inner.keyword)
    if inner.name in ("FROM", "MAINTAINER"):
        raise statement.error(f"{inner.name} isn't allowed as an ONBUILD trigger", word=inner.keyword)
    expression = "".join([inner.text, *(f"\n{doc.content}{doc.name}" for doc in statement.heredocs)])
    return Onbuild(**_common(statement), expression=expression, trigger=_instruction(inner))


def _stopsignal(statement: Statement) -> Stopsignal:
    return Stopsignal(**_common(statement), signal=_one(statement))


def _healthcheck(statement: Statement) -> Healthcheck:
    flags = statement.read_flags(
        {"interval": str, "timeout": str, "start-period": str, "start-interval": str, "retries": str}
    )
    _some(statement)
    kind, *rest = statement.rest.split(None, 1)
    command = rest[0] if rest else ""
    if kind.upper() == "NONE":
        if command:
            raise statement.error("HEALTHCHECK NONE takes no arguments", word=command)
        return Healthcheck(**_common(statement), test=("NONE",))
    if kind.upper() != "CMD":
        raise statement.error(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)', word=kind)
    words = statement.read_json(command)
    if not command or words == ():
        raise statement.error("Missing command after HEALTHCHECK CMD", word=kind)
    return Healthcheck(
        **_common(statement),
        test=("CMD-SHELL", command) if words is None else ("CMD", *words),
        interval=_duration(statement, "interval", flags),
        timeout=_duration(statement, "timeout", flags),
        start_period=_duration(statement, "start-period", flags),
        start_interval=_duration(statement, "start-interval", flags),
        retries=_retries(statement, str(flags.get("retries", ""))),
    )


def _duration(statement: Statement, name: str, flags: Mapping[str, str | bool | list[str]]) -> int:
    text = str(flags.get(name, ""))
    if not text:
        return 0
    try:
        duration = parse_duration(text)
    except ValueError:
        raise statement.error(
            f'invalid duration "{text}" for --{name}', word=f"--{name}", hint="Write a number and a unit, such as 30s"
        ) from None
    if duration and duration < _MILLISECOND:
        raise statement.error(f'Interval "{name}" cannot be less than 1ms', word=f"--{name}")
    return duration


def _retries(statement: Statement, text: str) -> int:
    if re.fullmatch(r"-[0-9]+", text, re.ASCII):
        raise statement.error(f"--retries cannot be negative ({text})", word="--retries")
    if re.fullmatch(r"\+?[0-9]{1,9}", text or "0", re.ASCII) is None:
        raise statement.error(f'invalid number "{text}" for --retries', word="--retries")
    return int(text or "0")


def _shell(statement: Statement) -> Shell:
    statement.read_flags({})
    if statement.json is None and statement.rest:
        raise statement.error(
            "SHELL requires the arguments to be in JSON form", word=statement.rest, hint='Write SHELL ["/bin/sh", "-c"]'
        )
    if not statement.json:
        raise statement.error("SHELL requires at least one argument")
    return Shell(**_common(statement), words=statement.json)


_READERS: Final[dict[str, Callable[[Statement], Instruction]]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
