"""A template applied to data, in a bounded number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .functions import FUNCTIONS
from .lex import mistake
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
    TextNode,
    Variable,
)
from .values import MISSING, NIL, NO_MAP, Nil, TemplateStruct, bounded, go_text, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .nodes import Command, Node, Operand, Template

__all__ = ["render"]

_SIZED: Final = (str, list, tuple, Mapping)
_NOTHING: Final = object()
#: What one application may cost. A step is a node, a turn of a loop, or so many characters.
_STEPS: Final = 250_000
_CHARACTERS: Final = 256


class _BreakLoop(Exception):
    """``{{break}}``."""


class _ContinueLoop(Exception):
    """``{{continue}}``."""


def render(template: Template, data: Any, functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> str:
    """The template's text for `data`.

    Args:
        template: what `parse` read.
        data: what the dot stands for.
        functions: that the template may call.

    Raises:
        InvalidInput: it asks for a member or function that is not there.
    """
    out: list[str] = []
    try:
        _Run(out, data, functions).nodes(template.nodes, data)
    except (_BreakLoop, _ContinueLoop):
        raise mistake("{{break}} or {{continue}} outside {{range}}") from None
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise mistake(str(error) or type(error).__name__) from None
    return "".join(out)


class _Run:
    """One application: the text so far, and the variables."""

    def __init__(self, out: list[str], data: Any, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.out = out
        self.functions = functions
        self.variables: dict[str, Any] = {"$": data}
        self.left = _STEPS

    def spend(self, *values: Any) -> None:
        """Count a step, and what these values take to be read or written.

        Raises:
            InvalidInput: there have been too many.
        """
        self.left -= 1 + sum(len(value) for value in values if isinstance(value, _SIZED)) // _CHARACTERS
        if self.left < 0:
            raise mistake(f"it takes more than {_STEPS:,} steps")

    def put(self, text: str) -> None:
        """Append to what is printed."""
        self.spend(text)
        self.out.append(text)

    def nodes(self, nodes: Iterable[Node], dot: Any) -> None:
        for node in nodes:
            self._node(node, dot)

    def _node(self, node: Node, dot: Any) -> None:
        self.spend()
        if isinstance(node, TextNode):
            self.put(node.text)
        elif isinstance(node, Action):
            value = self.pipeline(node.pipeline, dot)
            if not node.pipeline.variables:
                self.put(go_text(value))
        elif isinstance(node, Break):
            raise _BreakLoop
        elif isinstance(node, Continue):
            raise _ContinueLoop
        else:
            outer = dict(self.variables)
            if isinstance(node, Range):
                self._range(node, dot)
            else:
                value = self.pipeline(node.pipeline, dot)
                inner = dot if isinstance(node, If) else value
                self.nodes(*((node.body, inner) if truth(value) else (node.otherwise, dot)))
            # Variables declared inside are gone; those from outside keep what was assigned to them.
            self.variables = {name: self.variables[name] for name in outer}

    def _range(self, node: Range, dot: Any) -> None:
        pipeline = node.pipeline
        value = self.pipeline(Pipeline(pipeline.commands), dot)
        empty = True
        for key, item in _items(value):
            empty = False
            self.spend()
            if pipeline.variables:
                self.variables[pipeline.variables[-1]] = item
                if len(pipeline.variables) > 1:
                    self.variables[pipeline.variables[0]] = key
            try:
                self.nodes(node.body, item)
            except _ContinueLoop:
                continue
            except _BreakLoop:
                break
        if empty:
            self.nodes(node.otherwise, dot)

    def pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = _NOTHING
        for command in pipeline.commands:
            value = self._command(command, dot, value)
        for name in pipeline.variables:
            if not pipeline.declares and name not in self.variables:
                raise mistake(f"undefined variable {name}")
            self.variables[name] = value
        return value

    def _command(self, command: Command, dot: Any, piped: Any) -> Any:
        first, *rest = command
        values = [self._operand(operand, dot) for operand in rest]
        if piped is not _NOTHING:
            values.append(piped)
        if isinstance(first, Function):
            name, function = first.name, self.functions.get(first.name)
            if function is None:
                raise mistake(f"function {name!r} is not defined; there are {', '.join(self.functions)}")
        else:
            name, function = _method(first, dot)
            if function is None:
                if values:
                    raise mistake("a field or value cannot be called like a function")
                return self._operand(first, dot)
        self.spend(*values)
        bounded(sum(len(value) for value in values if isinstance(value, str)))
        try:
            result = function(*values)
        except (TypeError, LookupError, OverflowError) as error:
            raise mistake(f"{name} cannot be applied to that: {error}") from None
        self.spend(result)
        if isinstance(result, str):
            bounded(len(result))
        return result

    def _operand(self, operand: Operand, dot: Any) -> Any:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Field):
            return _member(dot, operand.names)
        if isinstance(operand, Variable):
            if operand.name not in self.variables:
                raise mistake(f"undefined variable {operand.name}")
            return _member(self.variables[operand.name], operand.names)
        if isinstance(operand, Chain):
            return _member(self.pipeline(operand.pipeline, dot), operand.names)
        return self._command((operand,), dot, _NOTHING)


def _method(operand: Operand, dot: Any) -> tuple[str, Callable[..., Any] | None]:
    """What ``.Name`` calls, where it is no member."""
    if isinstance(operand, Field) and len(operand.names) == 1 and isinstance(dot, TemplateStruct):
        (name,) = operand.names
        return name, dot.methods.get(name)
    return "", None


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if value is None or value is MISSING or isinstance(value, Nil):
        return ()
    value = value.raw if hasattr(value, "raw") else value
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, (list, tuple)):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return enumerate(range(value))
    raise mistake(f"range cannot go over {go_text(value)}")


def _member(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if value is NO_MAP:
            value = MISSING
            continue
        if value is None or value is MISSING or value is NIL:
            raise mistake(f"there is no .{name} of nothing")
        if not isinstance(value, Mapping):
            raise mistake(f"there is no field .{name} in {go_text(value)[:40]!r}")
        if name not in value and isinstance(value, TemplateStruct):
            raise mistake(f"there is no field .{name}; there are {', '.join(f'.{key}' for key in value)}")
        value = value.get(name, MISSING)
    return value
