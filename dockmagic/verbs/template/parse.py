"""From the text of a template to its tree."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .nodes import (
    Action,
    Break,
    Chain,
    Continue,
    Field,
    Function,
    If,
    Literal,
    Pipeline,
    Range,
    Template,
    TextNode,
    Variable,
    With,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nodes import Command, Node, Operand

__all__ = ["mistake", "parse"]


_ACTION = re.compile(
    r"\{\{(?P<left>-\s)?(?P<body>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|(?!\}\}).)*?)(?P<right>\s-)?\}\}", re.DOTALL
)
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)
    | (?P<char>'(?:\\.|[^'\\])')
    | (?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))
    | (?P<field>(?:\.[^\W\d]\w*)+|\.)
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>:=|=|\||\(|\)|,)
    )""",
    re.VERBOSE,
)
_BLOCKS: dict[str, type[If | With | Range]] = {"if": If, "with": With, "range": Range}
_NOT_KNOWN = ("define", "template", "block")


def mistake(message: str) -> InvalidInput:
    """The error for a template that cannot be read or applied."""
    return InvalidInput(
        f"template: {message}", hint="Write fields as {{.Name}}, or use --format json to see what there is"
    )


def parse(text: str) -> Template:
    """Read a template.

    Raises:
        InvalidInput: it is none.
    """
    reader = _Reader(list(_pieces(text)))
    nodes, stop = reader.nodes()
    if stop:
        raise mistake(f"unexpected {{{{{stop}}}}}")
    return Template(nodes)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Text (False) and the insides of actions (True), trimmed as ``{{-`` and ``-}}`` ask."""
    position, trim = 0, False
    for match in _ACTION.finditer(text):
        before = text[position : match.start()]
        before = before.lstrip() if trim else before
        yield False, before.rstrip() if match["left"] else before
        if not match["body"].strip().startswith("/*"):
            yield True, match["body"].strip()
        position, trim = match.end(), bool(match["right"])
    rest = text[position:]
    if "{{" in rest:
        raise mistake(f"unclosed action at {rest[rest.index('{{') :][:30]!r}")
    yield False, rest.lstrip() if trim else rest


class _Reader:
    """Reads the pieces of a template, one after another."""

    def __init__(self, pieces: list[tuple[bool, str]]) -> None:
        self._pieces = iter(pieces)

    def nodes(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to the end or an ``else`` or ``end``, which is given back."""
        found: list[Node] = []
        for is_action, text in self._pieces:
            if not is_action:
                if text:
                    found.append(TextNode(text))
                continue
            word, _, rest = text.partition(" ")
            if word in ("else", "end"):
                return tuple(found), text
            found.append(self._action(text, word, rest))
        return tuple(found), ""

    def _action(self, text: str, word: str, rest: str) -> Node:
        if word in _BLOCKS:
            return self._block(word, rest)
        if word in _NOT_KNOWN:
            raise mistake(f"{{{{{word}}}}} is not supported")
        if text == "break":
            return Break()
        if text == "continue":
            return Continue()
        return Action(_pipeline(text))

    def _block(self, word: str, head: str) -> Node:
        body, stop = self.nodes()
        otherwise: tuple[Node, ...] = ()
        kind, _, rest = stop.partition(" ")
        if kind == "else" and rest:
            inner, _, condition = rest.strip().partition(" ")
            if inner not in ("if", "with"):
                raise mistake(f"unexpected {{{{{stop}}}}}")
            otherwise = (self._block(inner, condition),)  # its {{end}} ends this block too
        elif kind == "else":
            otherwise, stop = self.nodes()
            if stop != "end":
                raise mistake(f"{{{{{word}}}}} is not ended")
        elif stop != "end":
            raise mistake(f"{{{{{word}}}}} is not ended")
        node: Node = _BLOCKS[word](_pipeline(head), body, otherwise)
        return node


def _pipeline(text: str) -> Pipeline:
    """Read what stands inside ``{{ }}``."""
    tokens = _Tokens(text)
    found = tokens.pipeline()
    if tokens.left:
        raise mistake(f"unexpected {tokens.left[0][1]!r} in {{{{{text}}}}}")
    return found


class _Tokens:
    """The words of one action."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.left: list[tuple[str, str, bool]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                if not text[position:].strip():
                    break
                raise mistake(f"unexpected {text[position:].strip()[:20]!r} in {{{{{text}}}}}")
            kind = str(match.lastgroup)
            # A field right behind a variable or a parenthesis belongs to it.
            self.left.append((kind, match[kind], match.start(kind) == position and position > 0))
            position = match.end()

    def pipeline(self) -> Pipeline:
        variables, declares = self._declaration()
        commands = [self._command()]
        while self.left and self.left[0][1] == "|":
            self.left.pop(0)
            commands.append(self._command())
        return Pipeline(tuple(commands), variables, declares)

    def _declaration(self) -> tuple[tuple[str, ...], bool]:
        kinds = [kind if kind == "variable" else text for kind, text, _ in self.left[:4]]
        for pattern in (["variable", ":="], ["variable", "="], ["variable", ",", "variable", ":="]):
            if kinds[: len(pattern)] == pattern:
                taken = [self.left.pop(0)[1] for _ in pattern]
                return tuple(word for word in taken if word.startswith("$")), taken[-1] == ":="
        return (), False

    def _command(self) -> Command:
        operands: list[Operand] = []
        while (self.left and self.left[0][1] not in ("|", ")")) or (self.left and self.left[0][0] == "string"):
            operands.append(self._operand())
        if not operands:
            raise mistake(f"missing value in {{{{{self.text}}}}}")
        return tuple(operands)

    def _names(self) -> tuple[str, ...]:
        if self.left and self.left[0][0] == "field" and self.left[0][2] and self.left[0][1] != ".":
            return tuple(self.left.pop(0)[1][1:].split("."))
        return ()

    def _operand(self) -> Operand:  # noqa: PLR0911  (one case per kind of token)
        kind, text, _ = self.left.pop(0)
        if kind == "string":
            return Literal(_string(text))
        if kind == "char":
            return Literal(ord(_string('"' + text[1:-1].replace('"', '\\"') + '"')))
        if kind == "number":
            return Literal(float(text) if re.search(r"[.eE]", text) and "x" not in text.lower() else int(text, 0))
        if kind == "field":
            return Field(tuple(text[1:].split(".")) if text != "." else ())
        if kind == "variable":
            return Variable(text, self._names())
        if kind == "word":
            constants = {"true": True, "false": False, "nil": None}
            return Literal(constants[text]) if text in constants else Function(text)
        if text == "(":
            inner = self.pipeline()
            if not self.left or self.left.pop(0)[1] != ")":
                raise mistake(f"unclosed parenthesis in {{{{{self.text}}}}}")
            return Chain(inner, self._names())
        raise mistake(f"unexpected {text!r} in {{{{{self.text}}}}}")


def _string(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(json.loads(text.replace("\t", "\\t").replace("\n", "\\n")))
    except ValueError:
        return text[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
