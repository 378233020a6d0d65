"""Errors as JSON-like messages between processes: class, text, hint and every field, and what caused them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from .errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["decode_error", "encode_error"]


def encode_error(error: DockmagicError) -> dict[str, Any]:
    """An error as a message.

    An error of a class that other modules define is sent as the nearest class of `dockmagic.oci.errors`, since the
    other side need not have those modules.
    """
    kind = next(base for base in type(error).__mro__ if vars(errors).get(base.__name__) is base)
    fields = {name: value for name, value in vars(error).items() if not name.startswith("_") and _is_plain(value)}
    cause = error.__cause__
    return {"kind": kind.__name__, "fields": fields, "cause": None if cause is None else _as_cause(cause)}


def decode_error(message: Mapping[str, Any]) -> DockmagicError:
    """The error of a message; its cause is a `DockmagicError`, or an `OSError` or `RuntimeError` with the text.

    Raises:
        DockmagicError: the message is none of `encode_error`.
    """
    match message:
        case {"kind": str(name), "fields": {"message": str(text), "hint": str(hint), **fields}, "cause": cause}:
            kind: Any = vars(errors).get(name)
            if isinstance(kind, type) and issubclass(kind, DockmagicError):
                error = kind(text, hint=hint)
                if all(hasattr(error, str(field)) for field in fields):
                    error = error.revised(**{str(field): _in_tuples(value) for field, value in fields.items()})
                    error.__cause__ = _cause_of(cause)
                    return error
    raise DockmagicError("another process of dockmagic told an error that cannot be read", hint="Repeat the command")


def _as_cause(cause: BaseException) -> dict[str, Any]:
    if isinstance(cause, DockmagicError):
        return encode_error(cause)
    if isinstance(cause, OSError):
        return {"errno": cause.errno, "text": cause.strerror or str(cause), "file": _text(cause.filename)}
    return {"text": f"{type(cause).__name__}: {cause}"}


def _cause_of(cause: Any) -> BaseException | None:
    match cause:
        case {"kind": _}:
            return decode_error(cause)
        case {"errno": int(number), "text": text, "file": file}:
            return OSError(number, text, file)
        case {"text": text}:
            return RuntimeError(text)
    return None


def _text(name: object) -> str | None:
    return None if name is None else str(name)


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _in_tuples(value: Any) -> Any:
    return tuple(map(_in_tuples, value)) if isinstance(value, list) else value
