"""From a Dockerfile's text to typed instructions, as BuildKit reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import DockerfileError

from .forms import read_instruction
from .instructions import Arg, From
from .reader import Directives, read_statements

if TYPE_CHECKING:
    from .instruction import Instruction

__all__ = ["Directives", "Dockerfile", "Stage", "parse", "parse_trigger"]


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
        return next((stage for stage in self.stages if _is_number(name, stage.index)), None)

    def excerpt(self, lines: tuple[int, int]) -> str:
        """The source of these lines."""
        first, last = (number - self.first_line for number in lines)
        return "\n".join(self.source.split("\n")[first : last + 1])


def _is_number(name: str, index: int) -> bool:
    """Whether `name` is this number, zeros before it or not; however long it is."""
    return name.isascii() and name.isdecimal() and (name.lstrip("0") or "0") == str(index)


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
        instruction = read_instruction(statement)
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
            "dockerfile contains no stages to build", file=name, hint="Begin it with FROM and an image"
        )
    return Dockerfile(
        name=name,
        source=read.text,
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
        # Without its source, for a column in it would be taken for one in the line of the FROM.
        instructions = [msgspec.structs.replace(read_instruction(one), lines=lines, source="") for one in statements]
    except DockerfileError as error:
        raise DockerfileError(
            f"the base image's ONBUILD {expression}: {error.reason}", file=file, lines=lines, hint=error.hint
        ) from None
    if len(instructions) != 1:
        raise DockerfileError(
            f"the base image's ONBUILD {expression}: it is not one instruction", file=file, lines=lines
        )
    return instructions[0]
