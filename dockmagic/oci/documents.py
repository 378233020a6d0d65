"""JSON documents, read as leniently as other engines read them.

Images were written by many tools, and readers in Go accept what no specification allows. What is understood here beside
the letter of the specification, in every document and at every depth:

- a known member's name in any letter case; of several the last one holds, as in Go (`losses` names the others);
- ``null``, or something empty of another kind, for what is absent or empty;
- a number or truth value where a text belongs, and a text where a truth value or a list of texts belongs;
- a list of texts where an object of names (``ExposedPorts``) or of texts (``Labels``) belongs, and the reverse;
- bytes that are not UTF-8, as the replacement character.

A member of any other type is refused by its name. Only what Docker has added to the specification, whose readers pass
over it, is left out instead, and `losses` names it. A document's digest is that of its original bytes; what is written
anew (`members`) has the standard's names and types, and keeps every unknown member.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from .digest import Digest
from .errors import InvalidDocument, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    _Normal = Callable[[Any, str, list[str]], Any]

__all__ = ["DOCUMENT_LIMIT", "decode", "losses", "members", "read_limited"]

#: The most that a manifest, index or configuration may measure, in bytes.
#: (Distribution specification, "Pushing Manifests".)
DOCUMENT_LIMIT: Final = 4 * 1024 * 1024

# Commas part values, so their number bounds the memory that a document takes: an empty object is 3 bytes of JSON and 64
# of Python. An index of ten thousand images has half as many.
_COMMAS: Final = 1 << 17

_DOCKERS: Final = frozenset(("Healthcheck", "OnBuild", "Shell", "ArgsEscaped"))
_TRUTH: Final = {"true": True, "false": False, "": None, 1: True, 0: False}

_T = TypeVar("_T")


def read_limited(stream: BinaryIO) -> bytes:
    """A document of unknown length from a file: what is too long for one is cut where `decode` refuses it."""
    return stream.read(DOCUMENT_LIMIT + 1)


def decode(raw: bytes, kind: type[_T], what: str, *, limit: int = DOCUMENT_LIMIT) -> _T:
    """Decode the JSON document `raw` into the struct `kind`; `what` names it in errors, `limit` is in bytes.

    Raises:
        InvalidDocument: too long, not JSON, or a member is missing or of the wrong type.
    """
    return _convert(_read(raw, kind, what, limit, []), kind, what)


def members(raw: bytes, kind: type, what: str) -> dict[str, Any]:
    """The document `raw` with all its members; those that the struct `kind` knows have its names and types.

    Raises:
        InvalidDocument: as `decode`.
    """
    found = _read(raw, kind, what, DOCUMENT_LIMIT, [])
    _convert(found, kind, what)
    return cast("dict[str, Any]", found)


def losses(raw: bytes, kind: type, what: str) -> tuple[str, ...]:
    """What `decode` leaves out of the document `raw`, one phrase for each member, in the document's order.

    Raises:
        InvalidDocument: as `decode`.
    """
    lost: list[str] = []
    _read(raw, kind, what, DOCUMENT_LIMIT, lost)
    return tuple(lost)


def _read(raw: bytes, kind: Any, what: str, limit: int, lost: list[str]) -> Any:
    if len(raw) > limit:
        raise InvalidDocument(f"{what} has {len(raw)} bytes, more than the {limit} that are allowed")
    if limit <= DOCUMENT_LIMIT and raw.count(b",") > _COMMAS:
        raise InvalidDocument(f"{what} has more than {_COMMAS} values, more than any image needs")
    try:
        value = msgspec.json.decode(raw.decode(errors="replace"))
        if _is_empty(value) and value != {}:
            raise _invalid(what, "it is empty")
        return _normal_of(kind)(value, "", lost)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _invalid(what, str(error)) from None


def _convert(value: Any, kind: type[_T], what: str) -> _T:
    try:
        return msgspec.convert(value, kind, dec_hook=_digest)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _invalid(what, str(error)) from None
    except InvalidInput as error:
        raise _invalid(what, error.message) from None


def _invalid(what: str, message: str) -> InvalidDocument:
    return InvalidDocument(f"{what} is not valid: {message}")


def _digest(kind: type, value: object) -> object:
    if kind is not Digest:
        raise NotImplementedError  # msgspec's signal for a type that the hook does not know
    if not isinstance(value, str):
        raise TypeError("Expected a digest, got something else than text")
    return Digest(value)


# From a type to the function that gives a value the form of that type, as far as it can have it.


@cache
def _normal_of(kind: Any) -> _Normal:
    return _normal(inspect.type_info(kind))


def _normal(kind: inspect.Type) -> _Normal:
    match kind:
        case inspect.UnionType():  # of one type and null
            normal = _nullable(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
        case inspect.StructType():
            normal = _struct(kind)
        case inspect.VarTupleType():
            normal = _list(kind.item_type)
        case inspect.DictType():
            normal = _dict(kind.value_type)
        case inspect.StrType():
            normal = _text
        case inspect.BoolType():
            normal = _truth
        case _:
            normal = _as_it_is
    return normal


def _as_it_is(value: Any, _path: str, _lost: list[str]) -> Any:
    return value


def _nullable(kind: inspect.Type) -> _Normal:
    inner = _normal(kind)
    return lambda value, path, lost: None if value is None else inner(value, path, lost)


def _struct(kind: inspect.StructType) -> _Normal:
    known = {field.encode_name: _normal(field.type) for field in kind.fields}
    folded = {name.casefold(): name for name in known}
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind.cls)}

    def normal(value: Any, path: str, lost: list[str]) -> Any:
        if not isinstance(value, dict):
            return {} if _is_empty(value) else value
        found: dict[str, Any] = {}
        for key, content in value.items():
            name = key if key in known else folded.get(key.casefold())
            if name is None:
                found[key] = content
                continue
            where = f"{path}.{name}".removeprefix(".")
            formed = known[name](content, where, lost)
            if name in _DOCKERS and not _fits(formed, types[name]):
                lost.append(f"{where}, which is of the wrong type")
                continue
            if name in found:
                if content is None:
                    continue
                if found[name] != formed:
                    lost.append(f"{where} in all its spellings but the last")
            found[name] = formed
        return found

    return normal


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _list(item: inspect.Type) -> _Normal:
    inner = _normal(item)
    of_texts = isinstance(item, inspect.StrType)

    def normal(value: Any, path: str, lost: list[str]) -> Any:
        if _is_empty(value):
            return []
        if of_texts and isinstance(value, str):
            return [value]
        if of_texts and isinstance(value, dict):
            value = [f"{key}={_text(content, path, lost)}" for key, content in value.items()]
        return [inner(each, path, lost) for each in value] if isinstance(value, list) else value

    return normal


def _dict(content: inspect.Type) -> _Normal:
    inner = _normal(content)
    of_texts = isinstance(content, inspect.StrType)

    def normal(value: Any, path: str, lost: list[str]) -> Any:
        if _is_empty(value):
            return {}
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return dict(each.partition("=")[::2] for each in value) if of_texts else {each: {} for each in value}
        return {key: inner(each, path, lost) for key, each in value.items()} if isinstance(value, dict) else value

    return normal


def _text(value: Any, _path: str, _lost: list[str]) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return "" if _is_empty(value) else value


def _truth(value: Any, _path: str, _lost: list[str]) -> Any:
    return _TRUTH.get(value, value) if isinstance(value, str | int) else value


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})
