"""From the words of a template to its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .lex import character, mistake, number, pieces, string
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

    from .lex import Piece, Token
    from .nodes import Command, Node, Operand

__all__ = ["parse"]

_BLOCKS: dict[str, type[If | With | Range]] = {"if": If, "with": With, "range": Range}
_NOT_KNOWN = ("define", "template", "block")
#: Blocks and parentheses inside one another.
_DEPTH: Final = 60


def parse(text: str) -> Template:
    """Read a template.

    Raises:
        InvalidInput: it is none.
    """
    reader = _Reader(pieces(text))
    nodes, stop = reader.nodes()
    if stop:
        raise mistake(f"unexpected {{{{{_written(stop)}}}}}")
    return Template(nodes)


def _written(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)


class _Reader:
    """Reads the pieces of a template, one after another."""

    def __init__(self, found: Iterator[Piece]) -> None:
        self._pieces = found
        self._depth = 0

    def nodes(self) -> tuple[tuple[Node, ...], list[Token]]:
        """Nodes up to the end or an ``else`` or ``end``, which is given back."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise mistake(f"more than {_DEPTH} blocks lie in one another")
        found: list[Node] = []
        stop: list[Token] = []
        for piece in self._pieces:
            if piece.tokens is None:
                if piece.text:
                    found.append(TextNode(piece.text))
                continue
            if not piece.tokens:
                raise mistake(f"missing value in {piece.text}")
            if piece.tokens[0].kind == "word" and piece.tokens[0].text in ("else", "end"):
                stop = piece.tokens
                break
            found.append(self._action(piece.tokens))
        self._depth -= 1
        return tuple(found), stop

    def _action(self, tokens: list[Token]) -> Node:
        word = tokens[0].text if tokens[0].kind == "word" else ""
        if word in _BLOCKS:
            return self._block(word, tokens[1:])
        if word in _NOT_KNOWN:
            raise mistake(f"{{{{{word}}}}} is not supported")
        if word in ("break", "continue") and len(tokens) == 1:
            return Break() if word == "break" else Continue()
        return Action(_pipeline(tokens))

    def _block(self, word: str, head: list[Token]) -> Node:
        body, stop = self.nodes()
        otherwise: tuple[Node, ...] = ()
        words = [token.text for token in stop]
        if words[:1] == ["else"] and words[1:]:
            if words[1] not in ("if", "with"):
                raise mistake(f"unexpected {{{{{_written(stop)}}}}}")
            self._depth += 1
            otherwise = (self._block(words[1], stop[2:]),)  # its {{end}} ends this block too
            self._depth -= 1
        elif words == ["else"]:
            otherwise, stop = self.nodes()
            words = [token.text for token in stop]
        if words[:1] != ["else"] and words != ["end"]:
            raise mistake(f"{{{{{word}}}}} is not ended")
        node: Node = _BLOCKS[word](_pipeline(head), body, otherwise)
        return node


def _pipeline(tokens: list[Token]) -> Pipeline:
    """Read what stands inside ``{{ }}``."""
    words = _Words(tokens)
    found = words.pipeline()
    if words.left:
        raise mistake(f"unexpected {words.left[-1].text!r} in {{{{{words.text}}}}}")
    return found


class _Words:
    """The words of one action."""

    def __init__(self, tokens: list[Token]) -> None:
        self.text = _written(tokens)[:80]
        self.left = tokens[::-1]  # the next one is the last of the list
        self._depth = 0

    def _next_is(self, *signs: str) -> bool:
        return bool(self.left) and self.left[-1].kind == "sign" and self.left[-1].text in signs

    def pipeline(self) -> Pipeline:
        variables, declares = self._declaration()
        commands = [self._command()]
        while self._next_is("|"):
            self.left.pop()
            commands.append(self._command())
        return Pipeline(tuple(commands), variables, declares)

    def _declaration(self) -> tuple[tuple[str, ...], bool]:
        kinds = [token.kind if token.kind == "variable" else token.text for token in self.left[:-5:-1]]
        for pattern in (["variable", ":="], ["variable", "="], ["variable", ",", "variable", ":="]):
            if kinds[: len(pattern)] == pattern:
                taken = [self.left.pop().text for _ in pattern]
                return tuple(word for word in taken if word.startswith("$")), taken[-1] == ":="
        return (), False

    def _command(self) -> Command:
        operands: list[Operand] = []
        while self.left and not self._next_is("|", ")"):
            operands.append(self._operand())
        if not operands:
            raise mistake(f"missing value in {{{{{self.text}}}}}")
        return tuple(operands)

    def _names(self) -> tuple[str, ...]:
        if self.left and self.left[-1].kind == "field" and self.left[-1].joined and self.left[-1].text != ".":
            return tuple(self.left.pop().text[1:].split("."))
        return ()

    def _operand(self) -> Operand:  # noqa: PLR0911  (one case per kind of token)
        kind, text, _ = self.left.pop()
        if kind == "string":
            return Literal(string(text))
        if kind == "char":
            return Literal(character(text))
        if kind == "number":
            return Literal(number(text))
        if kind == "field":
            return Field(tuple(text[1:].split(".")) if text != "." else ())
        if kind == "variable":
            return Variable(text, self._names())
        if kind == "word":
            constants = {"true": True, "false": False, "nil": None}
            return Literal(constants[text]) if text in constants else Function(text)
        if text == "(":
            self._depth += 1
            if self._depth > _DEPTH:
                raise mistake(f"more than {_DEPTH} parentheses lie in one another")
            inner = self.pipeline()
            if not self._next_is(")"):
                raise mistake(f"unclosed parenthesis in {{{{{self.text}}}}}")
            self.left.pop()
            self._depth -= 1
            return Chain(inner, self._names())
        raise mistake(f"unexpected {text!r} in {{{{{self.text}}}}}")
