"""What templates are applied to, and how Go prints it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

from .lex import mistake

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MISSING",
    "NIL",
    "NO_LIST",
    "NO_MAP",
    "TEXT_LIMIT",
    "Map",
    "Nil",
    "Shown",
    "TemplateStruct",
    "bounded",
    "go_text",
    "plain",
    "truth",
]  # fmt: skip

#: Characters that a value may have.
TEXT_LIMIT: Final = 1 << 22


class TemplateStruct(dict[str, Any]):
    """A mapping with a fixed set of members, like a Go struct: asking for another one is an error.

    Other mappings are like a Go map: a key that is not there gives ``<no value>``.

    Attributes:
        methods: functions that a template may call by a name after the dot, with arguments: ``{{.Label "key"}}``.
        hidden: members that JSON leaves out, as Go does with empty ones.
        texts: what ``{{json .}}`` gives instead of the members; None for these.
    """

    texts: Mapping[str, str | None] | None = None
    hidden: frozenset[str] = frozenset()
    methods: Mapping[str, Callable[..., Any]] = MappingProxyType({})


class Map(dict[str, Any]):
    """A Go map whose values are all of one type.

    Attributes:
        zero: what ``index`` gives for a key that is not there.
    """

    zero: Any = ""


class Nil:
    """A list, map or pointer of Go's that is nil: nothing is in it, and JSON has it as null.

    Args:
        text: how it is printed.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


NO_LIST = Nil("[]")
NO_MAP = Nil("map[]")
NIL = Nil("<nil>")


class Shown(str):
    """How a value is printed, with the value itself for functions such as ``json``, ``gt`` and ``printf "%d"``."""

    __slots__ = ("raw",)
    raw: Any

    def __new__(cls, text: str, raw: Any) -> Self:
        """`text` is printed; `raw` is the value."""
        shown = super().__new__(cls, text)
        shown.raw = raw
        return shown


class _Missing:
    """The value of a key that is not there."""

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


def plain(value: Any) -> Any:
    """The value behind a `Shown`, and null for a missing one."""
    if isinstance(value, Shown):
        return value.raw
    return None if value is MISSING or isinstance(value, Nil) else value


def bounded(length: int) -> None:
    """Refuse to make a text of so many characters.

    Raises:
        InvalidInput: it would be too long.
    """
    if length > TEXT_LIMIT:
        raise mistake(f"a text would have more than {TEXT_LIMIT >> 20} million characters")


def truth(value: Any) -> bool:
    """Go's truth: false, 0, nil and everything empty are false. A column counts as it is printed."""
    return bool(value) if not isinstance(value, datetime) else True


def go_text(value: Any, *, inner: bool = False) -> str:  # noqa: PLR0911  (one return for each type)
    """`value` as Go's ``%v`` prints it."""
    if value is MISSING or value is None:
        return "<nil>" if inner else "<no value>"
    if isinstance(value, Nil):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, TemplateStruct):
        return "{" + " ".join(go_text(item, inner=True) for item in value.values()) + "}"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{go_text(value[key], inner=True)}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(go_text(item, inner=True) for item in value) + "]"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return value.isoformat() if isinstance(value, datetime) else str(value)
