"""The functions of templates: Go's own, and those that docker adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from dockmagic.oci.spec import to_json

from .lex import mistake
from .values import MISSING, NO_MAP, Map, Nil, Shown, TemplateStruct, bounded, go_text, plain, truth

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FUNCTIONS", "HEADER_FUNCTIONS"]

#: Go takes no wider field than a million (fmt, "tooLarge").
_WIDTH_DIGITS = 6
_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?(?P<verb>[a-zA-Z%])")


def _encodable(value: Any) -> Any:
    if isinstance(value, TemplateStruct) and value.texts is not None:
        return dict(sorted(value.texts.items()))
    if isinstance(value, Shown):
        return str(value)  # docker's columns are texts
    value = plain(value)
    if isinstance(value, Mapping):
        # Go sorts the keys of a map, and keeps the order of a struct's members.
        keys = [key for key in value if key not in value.hidden] if isinstance(value, TemplateStruct) else sorted(value)
        return {key: _encodable(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_encodable(item) for item in value]
    if isinstance(value, str):  # of a name that is not UTF-8, as Go writes it
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, datetime) else value


def _json(value: Any) -> str:
    return to_json(_encodable(value)).decode()


def _join(items: Any, separator: str) -> str:
    if items is None or items is MISSING or isinstance(items, Nil):
        return ""
    items = items.raw if hasattr(items, "raw") else items
    if isinstance(items, Mapping):
        texts = sorted(go_text(item) for item in items.values())
    elif isinstance(items, (list, tuple)):
        texts = [go_text(item) for item in items]
    else:
        raise mistake("join needs a list")
    bounded(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _title(text: str) -> str:
    return re.sub(r"(?<!\w)\w", lambda match: match.group().upper(), str(text))


def _pad(text: str, before: int, after: int) -> str:
    bounded(max(0, before) + len(text) + max(0, after))
    return " " * before + text + " " * after if text else text


def _length(value: Any) -> int:
    if value is MISSING or value is None:
        return 0
    if not isinstance(value, (str, list, tuple, Mapping, Nil)):
        raise mistake(f"len of {go_text(value)[:40]}")
    return len(value.encode()) if isinstance(value, str) else len(value)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None or value is MISSING or isinstance(value, Nil):
            return "" if value is NO_MAP else MISSING
        if isinstance(value, Mapping):
            value = value.get(str(key), value.zero if isinstance(value, Map) else MISSING)
        elif not isinstance(key, int):
            raise mistake(f"cannot index a list with {key!r}")
        elif not 0 <= key < len(value):
            raise mistake(f"index out of range: {key}")
        else:
            value = value.encode()[key] if isinstance(value, str) else value[key]
    return value


def _slice(value: Any, start: int = 0, stop: int | None = None) -> Any:
    if isinstance(value, str):
        return value.encode()[start:stop].decode(errors="replace")
    return value[start:stop]


def _equal(first: Any, *others: Any) -> bool:
    return any(_same(first, other) for other in others)


def _same(first: Any, second: Any) -> bool:
    # A column equals both what it shows and what it is.
    return str(first) == second if isinstance(first, str) and isinstance(second, str) else plain(first) == plain(second)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(first: Any, second: Any) -> bool:
        try:
            return test(plain(first), plain(second))
        except TypeError:
            raise mistake("incompatible types for comparison") from None

    return compare


def _and(*values: Any) -> Any:
    return next((value for value in values if not truth(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if truth(value)), values[-1])


def _print(*values: Any) -> str:
    text = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            text += " "
        text += go_text(value)
        bounded(len(text))
    return text


def _println(*values: Any) -> str:
    texts = [go_text(value) for value in values]
    bounded(sum(map(len, texts)) + len(texts))
    return " ".join(texts) + "\n"


def _printf(form: str, *values: Any) -> str:
    left = list(values)
    length = len(form)

    def put(match: re.Match[str]) -> str:
        nonlocal length
        if any(len(match[name] or "") > _WIDTH_DIGITS for name in ("width", "precision")):
            raise mistake(f"{match[0][:20]} is too wide")
        # As wide as asked for, or as a long value is.
        length += int(match["width"] or 0) + int(match["precision"] or 0)
        bounded(length)
        text = one(match)
        length += len(text)
        bounded(length)
        return text

    def one(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        if not left:
            return f"%!{verb}(MISSING)"
        value = left.pop(0)
        width = f"%{match['flags']}{match['width']}"
        precision = f".{match['precision']}" if match["precision"] else ""
        if verb in "dxXocbeEfFgGt" and verb != "t":
            return _number(width, precision, verb, plain(value), value)
        shown = _quoted(value) if verb == "q" else go_text(value, inner=True)
        if verb not in "svqt":
            return f"%!{verb}({shown})"
        return f"{width}{precision}s" % shown

    text = _VERB.sub(put, form)
    return text + (f"%!(EXTRA {', '.join(go_text(value) for value in left)})" if left else "")


def _quoted(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(_quoted(item) for item in value) + "]"
    return value.text if isinstance(value, Nil) else _json(str(value))


def _number(width: str, precision: str, verb: str, number: Any, value: Any) -> str:
    if isinstance(number, str) and verb in "xX":
        digits = number.encode().hex()
        return f"{width}s" % (digits.upper() if verb == "X" else digits)
    if not isinstance(number, (int, float)) or isinstance(number, bool):
        return f"%!{verb}({'string=' if isinstance(number, str) else ''}{go_text(value, inner=True)})"
    if verb == "b":
        return f"{width}s" % format(int(number), "b")
    if verb == "c":
        exists = 0 <= number < 0x110000 and not 0xD800 <= number < 0xE000
        return f"{width}s" % (chr(int(number)) if exists else "\ufffd")  # as Go writes what is no character
    return f"{width}{precision}{verb}" % number


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": _and,
    "eq": _equal,
    "ge": _compare(lambda a, b: a >= b),
    "gt": _compare(lambda a, b: a > b),
    "html": lambda *values: escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "index": _index,
    "join": _join,
    "json": _json,
    "le": _compare(lambda a, b: a <= b),
    "len": _length,
    "lower": lambda text: str(text).lower(),
    "lt": _compare(lambda a, b: a < b),
    "ne": lambda first, second: not _same(first, second),
    "not": lambda value: not truth(value),
    "or": _or,
    "pad": _pad,
    "print": _print,
    "printf": _printf,
    "println": _println,
    "slice": _slice,
    "split": lambda text, separator: str(text).split(separator) if separator else list(str(text)),
    "title": _title,
    "truncate": lambda text, length: str(text)[:length],
    "upper": lambda text: str(text).upper(),
    "urlquery": lambda *values: quote_plus(_print(*values)),
}

#: What the functions do to the headers of a table: nothing.
HEADER_FUNCTIONS: dict[str, Callable[..., Any]] = FUNCTIONS | {
    **dict.fromkeys(
        ("join", "json", "len", "lower", "pad", "split", "title", "truncate", "upper"), lambda text, *_: text
    ),
    "printf": lambda _form, *values: values[0] if len(values) == 1 else " ".join(map(str, values)),
}
