"""The tree of a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = [
    "Action", "Break", "Chain", "Command", "Continue", "Field", "Function", "If", "Literal", "Node", "Operand",
    "Pipeline", "Range", "Template", "TextNode", "Variable", "With",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Field:
    """The dot, with the names of members after it."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable (``$`` is the data as a whole), with the names of members after it."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A pipeline in parentheses, with the names of members after it."""

    pipeline: Pipeline
    names: tuple[str, ...]


Operand: TypeAlias = Literal | Field | Variable | Function | Chain
Command: TypeAlias = tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which gets the value of the one before as its last argument.

    Attributes:
        commands: at least one.
        variables: that take the value; two only in ``range``.
        declares: whether they are new (``:=``) or already there (``=``).
    """

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = False


@dataclass(frozen=True, slots=True)
class TextNode:
    """Text to print as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed, unless it goes into a variable."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class If:
    """``if``."""

    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class With:
    """``with``."""

    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """``range``."""

    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """``break``."""


@dataclass(frozen=True, slots=True)
class Continue:
    """``continue``."""


Node: TypeAlias = TextNode | Action | If | With | Range | Break | Continue


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has been read."""

    nodes: tuple[Node, ...]
