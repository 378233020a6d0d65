"""The value of ``build --call``: a method, and how it is answered, in buildx's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from click import ParamType

from dockmagic.dockerfile.characters import parse_bool

if TYPE_CHECKING:
    from click import Context, Parameter

__all__ = ["CALLS", "Call", "CallType"]

CALLS: Final = ("build", "check", "outline", "targets")


class Call(NamedTuple):
    """What ``--call METHOD[,format=FORMAT][,ignorestatus=BOOL]`` says.

    Attributes:
        method: one of `CALLS`.
        json: print the document.
        ignores_status: end with 0 even where there are warnings.
    """

    method: str = "build"
    json: bool = False
    ignores_status: bool = False


if TYPE_CHECKING:
    _Type = ParamType[Call]
else:
    _Type = ParamType  # which is generic from click 8.2 on


class CallType(_Type):
    """The value of ``--call``, in buildx's form."""

    name = "string"
    choices = CALLS

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> Call:
        """Take it apart."""
        if isinstance(value, Call):
            return value
        method, fields = "", {"format": "text", "ignorestatus": "false"}
        for field in value.split(","):
            key, equals, text = field.partition("=")
            if not equals and not method:
                method = "check" if field == "lint" else field
            elif key in fields and equals:
                fields[key] = text
            else:
                self.fail(f"{field!r} is neither format=text, format=json nor ignorestatus=true.", param, ctx)
        if method not in CALLS:
            self.fail(f"{method!r} is not one of {', '.join(CALLS)}.", param, ctx)
        if fields["format"] not in ("text", "json"):
            self.fail(f"{fields['format']!r} is not a format: write text or json.", param, ctx)
        try:
            ignores = parse_bool(fields["ignorestatus"])
        except ValueError:
            self.fail(f"{fields['ignorestatus']!r} is neither true nor false.", param, ctx)
        return Call(method, fields["format"] == "json", ignores)
