"""From a Dockerfile's text to typed instructions, as BuildKit reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .instructions import Arg, From, Instruction

__all__ = ["Directives", "Dockerfile", "Stage", "parse", "parse_trigger"]


class Directives(msgspec.Struct, frozen=True, kw_only=True):
    """The comments at the top that are none: ``# syntax=``, ``# escape=``, ``# check=``; empty where not given."""

    syntax: str = ""
    escape: str = ""
    check: str = ""


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
        raise NotImplementedError

    def stage(self, name: str) -> Stage | None:
        """The last stage of this name (any case), else the one of this number, else None."""
        raise NotImplementedError

    def excerpt(self, lines: tuple[int, int]) -> str:
        """The source of these lines."""
        raise NotImplementedError


def parse(text: str | bytes, *, name: str = "Dockerfile", first_line: int = 1) -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: its bytes, or the same as text.
        name: for errors.
        first_line: number of its first line; the lines of instructions and errors are counted from it.

    Raises:
        DockerfileError: it is none, with line, column and what was probably meant.
    """
    raise NotImplementedError


def parse_trigger(expression: str, *, escape: str = "\\", file: str = "Dockerfile") -> Instruction:
    """Read one ONBUILD instruction of a base image's configuration.

    Raises:
        DockerfileError: it is not one instruction.
    """
    raise NotImplementedError
