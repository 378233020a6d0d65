"""Messages between processes: JSON objects whose members are declared, and checked where they arrive.

`msgspec` would do this, but its import takes a third of the time that a shim needs to begin, and a container waits for
that (docs/decisions.md). So a message is a class with annotations, and the few kinds that JSON has are checked here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERSION", "MalformedMessage", "Message"]

#: Of all messages; goes up when a process of before would misunderstand one.
VERSION: Final = 1

_REQUIRED: Final = object()


class MalformedMessage(ValueError):
    """What arrived is no message of the expected kind; the text says why, for people."""


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _every(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


#: Annotation, as it is written in the class → whether a value is of that kind.
_CHECKS: Final[dict[str, Callable[[object], bool]]] = {
    "Any": lambda _: True,
    "bool": lambda value: isinstance(value, bool),
    "dict[str, Any]": _is_object,
    "float": lambda value: isinstance(value, float) or _is_int(value),
    "int": _is_int,
    "list[dict[str, Any]]": _every(_is_object),
    "list[int]": _every(_is_int),
    "list[list[int]]": _every(_every(_is_int)),
    "list[str]": _every(_is_text),
    "str": _is_text,
}


@dataclass_transform(kw_only_default=True)
class Message:
    """Base of the messages. A subclass declares its members as annotations; those with a value may be left out.

    Attributes:
        tag: what tells the messages of one conversation apart; empty where there is only one.
        oldest: the earliest version that is still understood.
    """

    tag: ClassVar[str] = ""
    oldest: ClassVar[int] = VERSION
    _members: ClassVar[dict[str, tuple[Callable[[object], bool], bool, Any]]]

    def __init_subclass__(cls) -> None:
        cls._members = dict(getattr(cls, "_members", {}))
        for name, annotation in cls.__annotations__.items():
            if not annotation.startswith("ClassVar"):
                kind = annotation.removesuffix(" | None")
                cls._members[name] = (_CHECKS[kind], kind != annotation, cls.__dict__.get(name, _REQUIRED))

    def __init__(self, **members: Any) -> None:
        for name, (_, _, default) in self._members.items():
            value = members.pop(name, default)
            if value is _REQUIRED:
                raise TypeError(f"{type(self).__name__} needs {name}")
            setattr(self, name, value)
        if members:
            raise TypeError(f"{type(self).__name__} has no {', '.join(members)}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._members)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # its members are lists and objects

    def replaced(self, **changes: Any) -> Self:
        """The same message with other values of some members."""
        return type(self)(**{**vars(self), **changes})

    def encode(self) -> bytes:
        """The message as it is sent; members that have their default value are left out."""
        told = {name: getattr(self, name) for name in self._members}
        kept = {name: value for name, value in told.items() if value != self._members[name][2]}
        return json.dumps({"version": VERSION, **({"do": self.tag} if self.tag else {}), **kept}).encode()

    @classmethod
    def of(cls, members: dict[str, Any]) -> Self:
        """The message with these members, which are part of another one.

        Raises:
            MalformedMessage: they are not its.
        """
        return cls._of({"version": VERSION, **members})

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message of this kind that arrived.

        Raises:
            MalformedMessage: it is none.
        """
        return cls._of(cls._object(data))

    @staticmethod
    def decode_one(data: bytes, kinds: dict[str, type[Message]]) -> Message:
        """The message that arrived, of one of several kinds.

        One that tells no version is of a dockmagic of before, which had the same requests.

        Args:
            data: what arrived.
            kinds: tag → kind.

        Raises:
            MalformedMessage: it is none of them.
        """
        found = Message._object(data)
        kind = found.pop("do", None)
        if not isinstance(kind, str) or kind not in kinds:
            raise MalformedMessage(f"there is no request {kind!r}")
        return kinds[kind].of(found)

    @staticmethod
    def _object(data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise MalformedMessage(f"it is no JSON: {error}") from None
        if not isinstance(found, dict):
            raise MalformedMessage("it is no object")
        return found

    @classmethod
    def _of(cls, found: dict[str, Any]) -> Self:
        version = found.pop("version", 0)
        if not _is_int(version) or not cls.oldest <= version <= VERSION:
            raise MalformedMessage(f"it is of version {version!r}, and this dockmagic speaks {VERSION}")
        for name, (check, optional, default) in cls._members.items():
            value = found.get(name, default)
            if value is _REQUIRED:
                raise MalformedMessage(f"it has no {name}")
            if not (check(value) or (optional and value is None)):
                raise MalformedMessage(f"its {name} is {value!r:.60}")
        # What this version does not know is passed over: a later one may tell more.
        return cls(**{name: found[name] for name in cls._members if name in found})
