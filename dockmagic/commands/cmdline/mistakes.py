"""Mistakes on a command line: click's errors in docker's words, with what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dockmagic.oci.counting import count

from .usage_error import UsageMistake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.oci.errors import DockmagicError

__all__ = ["mistake_of"]


def mistake_of(
    error: click.UsageError,
    path: str,
    parameters: Sequence[click.Parameter],
    *,
    usage: str,
    refused: Mapping[str, tuple[str, str]],
) -> DockmagicError:
    """The error that a user reads for one of click's.

    Args:
        error: click's.
        path: the program's name and the verb as the user wrote them.
        parameters: of the verb.
        usage: the parameters, as docker writes them.
        refused: flags that are refused by name.
    """
    from .unsupported_flags import refused_flag

    usage, help_command, hint, code = f"{path} {usage}".rstrip(), f"{path} --help", "", 125
    if isinstance(error, click.NoSuchOption):
        message = f"unknown flag: {error.option_name}"
        if not error.option_name.startswith("--"):
            message = f"unknown shorthand flag: {error.option_name}"
        refusal = refused_flag(error.option_name, refused)
        if refusal is not None:
            return refusal
        import difflib

        known = [name for parameter in parameters for name in parameter.opts if name.startswith("--")]
        close = difflib.get_close_matches(error.option_name, known, n=1, cutoff=0.5)
        hint = f"Did you mean {close[0]}? See {help_command}" if close else ""
    elif isinstance(error, click.BadOptionUsage):
        message = f"flag needs an argument: {error.option_name}"
    elif isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        name = "/".join(error.param.opts) if error.param is not None else ""
        message = f"invalid argument for {name}: {error.message.rstrip('.')}" if name else error.message.rstrip(".")
    elif isinstance(error, click.MissingParameter) or error.message.startswith("Got unexpected extra argument"):
        message, code = f"{path!r} requires {_arity(parameters)}".replace("'", '"'), 1
    else:
        message = error.message.rstrip(".")
    return UsageMistake(message, usage=usage, help_command=help_command, hint=hint, exit_code=code)


def _arity(parameters: Sequence[click.Parameter]) -> str:
    found = [parameter for parameter in parameters if isinstance(parameter, click.Argument)]
    least = sum(1 for parameter in found if parameter.required)
    many = any(parameter.nargs == -1 for parameter in found)
    if not found:
        return "no arguments"
    number = least if many or least == len(found) else len(found)
    how = "at least" if many else "exactly" if least == len(found) else "at most"
    if how == "at most" and least:
        how = f"at least {least} and at most"
    return f"{how} {count(number, 'argument')}"
