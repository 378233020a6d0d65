"""What every verb's command line has in common: docker's habits on top of click."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import click

from .usage_error import UsageMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dockmagic.engine.options.option import Kind, Option

    from .context import CommandContext
    from .metadata import CellText, Transfer
    from .result import Result

__all__ = ["Flag", "HelpWanted", "ValueFlag", "Verb", "argument", "as_flag", "flag", "kinds_of", "option", "verb"]

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
# How `--flag=false` reaches click's parser, which knows no value after a flag; nobody can type it.
_OFF = "--\0off-"
_NONE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})
_NO_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({})


def argument(name: str, *kinds: Kind, **settings: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A positional parameter; `kinds` say what its value names."""
    return click.argument(name, cls=_Argument, kinds=kinds, **settings)


def option(
    *names: str, kinds: tuple[Kind, ...] = (), **settings: Any
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A flag with a value; `kinds` say what the value names."""
    return click.option(*names, cls=ValueFlag, kinds=kinds, **settings)


def kinds_of(parameter: click.Parameter | None) -> tuple[Kind, ...]:
    """What the value of a verb's parameter names."""
    return getattr(parameter, "kinds", ())


def flag(*names: str, **settings: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A boolean flag, which takes ``=true`` and ``=false`` too (Go's flags do)."""
    return click.option(*names, cls=Flag, **settings)


def as_flag(keyword: str, found: Option) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """The flag of an engine's option; its value arrives under the option's keyword, None where it is not given."""
    settings: dict[str, Any] = {"help": found.help, "hidden": found.hidden}
    if not found.metavar:
        return flag(*found.flags, keyword, default=None, **settings)
    settings["kinds"] = found.kinds
    kind = click.INT if found.metavar == "int" else None
    if found.many:
        return option(*found.flags, keyword, multiple=True, metavar=found.metavar, **settings)
    return option(*found.flags, keyword, default=None, type=kind, metavar=found.metavar, **settings)


class _Argument(click.Argument):
    def __init__(self, *args: Any, kinds: tuple[Kind, ...], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.kinds = kinds


class ValueFlag(click.Option):
    """A flag with a value.

    Attributes:
        kinds: what the value names.
    """

    def __init__(self, *args: Any, kinds: tuple[Kind, ...] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.kinds = kinds


class Flag(click.Option):
    """A boolean flag; see `flag`."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{**settings, "is_flag": True})

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser know it, and how `Verb.rewritten` writes that it is off."""
        super().add_to_parser(parser, ctx)
        parser.add_option(obj=self, opts=[_OFF + str(self.name)], dest=self.name, action="store_const", const=False)


class HelpWanted(Exception):
    """``--help`` stands on the command line."""


def _want_help(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  (click's signature)
    if value and not ctx.resilient_parsing:
        raise HelpWanted


class Verb(click.Command):
    """One verb. Its callback takes the `CommandContext` and the parameters, and returns a `Result`.

    Attributes:
        examples: command lines without the program's name, each with what it does.
        usage: the parameters, as docker writes them: ``[OPTIONS] IMAGE [IMAGE...]``.
        returns: the row type or result type, for the documentation.
        refused: flags that docker has here and dockmagic has not → reason and what to do instead.
        takes_command: after the first argument comes another program's command line, flags and all.
        aliases: its other names, docker's noun forms above all; `reindex` collects them.
        magic: there is a magic of its name, which IPython leaves free.
        cell: how it uses the text below it in a cell; None if it does not.
        transfer: that it shows how far a transfer is; None if it does not.
    """

    def __init__(
        self,
        *args: Any,
        usage: str,
        examples: tuple[tuple[str, str], ...] = (),
        returns: str = "",
        refused: Mapping[str, tuple[str, str]] = _NONE,
        takes_command: bool = False,
        has_help: bool = True,
        aliases: tuple[str, ...] = (),
        magic: bool = False,
        cell: CellText | None = None,
        transfer: Transfer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.takes_command = takes_command
        self.allow_interspersed_args = not takes_command
        self.add_help_option = False
        self.usage = usage
        self.examples = examples
        self.returns = returns
        self.refused = refused
        self.aliases = aliases
        self.magic = magic
        self.cell = cell
        self.transfer = transfer
        if has_help:
            wanted: dict[str, Any] = {"expose_value": False, "is_eager": True, "callback": _want_help, "hidden": True}
            self.params.append(click.Option(["--help"], is_flag=True, **wanted))

    @property
    def cell_magic(self) -> bool:
        """Whether its magic takes a cell too, as the text below it is what the verb is for."""
        return self.magic and self.cell is not None and self.cell.dockerfile

    def with_flags(self, flags: Iterable[click.Option]) -> Verb:
        """The same verb with further flags; where it has one of that name itself, its own stays."""
        own = {name for parameter in self.params for name in parameter.opts}
        more = [flag for flag in flags if own.isdisjoint(flag.opts)]
        extended = copy.copy(self)
        extended.params = [*self.params, *more]
        return extended

    def parse(self, path: str, args: Sequence[str], *, defaults: Mapping[str, str] = _NO_DEFAULTS) -> click.Context:
        """Parse what stands after the verb.

        Args:
            path: the program's name and the verb as the user wrote them, such as ``dockmagic image ls``.
            args: the words.
            defaults: values of parameters that are not among them, in place of their usual ones.

        Raises:
            UsageMistake: they cannot be understood.
            HelpWanted: ``--help`` is one of them.
        """
        try:
            return self.make_context(path, list(args), default_map=dict(defaults))
        except click.UsageError as error:
            raise self._mistake(error, path) from None

    def call(self, context: click.Context, ctx: CommandContext) -> Result:
        """Do it with the parameters of a `parse`, and say what came of it.

        Raises:
            UsageMistake: what only the verb itself can tell of them.
        """
        context.obj = ctx
        with context:
            try:
                return cast("Result", self.invoke(context))
            except click.UsageError as error:
                raise self._mistake(error, str(context.info_name)) from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with Go's ways of writing a flag's value."""
        return super().parse_args(ctx, self.rewritten(args))

    def rewritten(self, args: Sequence[str]) -> list[str]:
        """The words as click's parser takes them, which knows fewer ways of writing a flag's value.

        Raises:
            click.UsageError: the value of a boolean flag is none.
        """
        by_name = {name: parameter for parameter in self.params for name in parameter.opts}
        rewritten: list[str] = []
        is_value = False
        for place, word in enumerate(args):
            if word == "--" or (self.takes_command and not is_value and not _is_flag(word)):
                return [*rewritten, *args[place:]]
            if is_value:
                rewritten.append(word)
                is_value = False
                continue
            is_value = _wants_value(word, by_name)
            name, equals, value = word.partition("=")
            parameter = by_name.get(name)
            if equals and isinstance(parameter, Flag):
                if value not in _TRUE | _FALSE:
                    raise click.UsageError(f"invalid argument {value!r} for {name} flag: write true or false")
                rewritten.append(name if value in _TRUE else _OFF + str(parameter.name))
            elif equals and parameter is not None and not name.startswith("--"):
                rewritten += [_long(name, parameter), value]  # -f=VALUE
            elif parameter is not None and not equals and (not is_value or place + 1 < len(args)):
                rewritten.append(_long(word, parameter))
            else:
                rewritten.append(word)
        return rewritten

    def _mistake(self, error: click.UsageError, path: str) -> Exception:
        from .unsupported_flags import refused_flag

        usage, help_command, hint, code = f"{path} {self.usage}".rstrip(), f"{path} --help", "", 125
        if isinstance(error, click.NoSuchOption):
            message = f"unknown flag: {error.option_name}"
            if not error.option_name.startswith("--"):
                message = f"unknown shorthand flag: {error.option_name}"
            refusal = refused_flag(error.option_name, self.refused)
            if refusal is not None:
                return refusal
            import difflib

            known = [name for parameter in self.params for name in parameter.opts if name.startswith("--")]
            close = difflib.get_close_matches(error.option_name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]}? See {help_command}" if close else ""
        elif isinstance(error, click.BadOptionUsage):
            message = f"flag needs an argument: {error.option_name}"
        elif isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
            name = "/".join(error.param.opts) if error.param is not None else ""
            message = f"invalid argument for {name}: {error.message.rstrip('.')}" if name else error.message.rstrip(".")
        elif isinstance(error, click.MissingParameter) or error.message.startswith("Got unexpected extra argument"):
            message, code = f"{path!r} requires {self._arity()}".replace("'", '"'), 1
        else:
            message = error.message.rstrip(".")
        return UsageMistake(message, usage=usage, help_command=help_command, hint=hint, exit_code=code)

    def _arity(self) -> str:
        found = [parameter for parameter in self.params if isinstance(parameter, click.Argument)]
        least = sum(1 for parameter in found if parameter.required)
        many = any(parameter.nargs == -1 for parameter in found)
        if not found:
            return "no arguments"
        number = least if many or least == len(found) else len(found)
        how = "at least" if many else "exactly" if least == len(found) else "at most"
        if how == "at most" and least:
            how = f"at least {least} and at most"
        return f"{how} {number} argument{'' if number == 1 else 's'}"

    def help_text(self, path: str) -> str:
        """What ``--help`` shows: usage, what it does, examples, flags."""
        prog = path.split(" ", 1)[0]
        lines = [f"Usage:  {path} {self.usage}".rstrip(), "", (self.help or "").strip()]
        shown = [(f"{prog} {line}", about) for line, about in self.examples]
        width = max(len(line) for line, _ in shown)
        lines += ["", "Examples:", *(f"  {line.ljust(width)}   {about}" for line, about in shown)]
        flags = [parameter for parameter in self.params if isinstance(parameter, click.Option) and not parameter.hidden]
        if flags:
            names = [_flag_names(parameter) for parameter in flags]
            width = max(map(len, names))
            about = [(parameter.help or "").rstrip(".") for parameter in flags]
            lines += [
                "",
                "Options:",
                *(f"  {n.ljust(width)}   {a}" for n, a in sorted(zip(names, about, strict=True), key=_flag_order)),
            ]
        return "\n".join(lines)


def _is_flag(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _long(word: str, parameter: click.Parameter) -> str:
    """A flag by its long name: click takes each for one, and looks for similar names before it tries the short ones."""
    return next((name for name in parameter.opts if name.startswith("--")), word)


def _wants_value(word: str, by_name: Mapping[str, click.Parameter]) -> bool:
    """Whether the word after this one is its value: ``--name``, ``-v``, or the last of ``-itv``."""
    if word.startswith("--") or not _is_flag(word):
        found = by_name.get(word)
        return isinstance(found, click.Option) and not found.is_flag
    for place, letter in enumerate(word[1:], start=2):
        found = by_name.get(f"-{letter}")
        if isinstance(found, click.Option) and not found.is_flag:
            return place == len(word)
    return False


def _flag_order(line: tuple[str, str]) -> str:
    return line[0].split("--", 1)[-1]


def _flag_names(parameter: click.Option) -> str:
    short = next((name for name in parameter.opts if not name.startswith("--")), "")
    long = next((name for name in parameter.opts if name.startswith("--")), "")
    kind = "" if parameter.is_flag else f" {parameter.metavar or ('int' if parameter.type is click.INT else 'string')}"
    return f"{short + ', ' if short else '    '}{long}{kind}"


def verb(
    name: str,
    usage: str,
    *examples: tuple[str, str],
    returns: str,
    refused: Mapping[str, tuple[str, str]] = _NONE,
    takes_command: bool = False,
    aliases: tuple[str, ...] = (),
    magic: bool = False,
    cell: CellText | None = None,
    transfer: Transfer | None = None,
) -> Callable[[Callable[..., Result]], Verb]:
    """Make a verb of a function whose docstring is the help, and whose first parameter is the context; see `Verb`."""
    settings: dict[str, Any] = {"returns": returns, "refused": refused, "takes_command": takes_command}
    settings |= {"aliases": aliases, "magic": magic, "cell": cell, "transfer": transfer}

    def make(function: Callable[..., Result]) -> Verb:
        made: Verb = click.command(name, cls=Verb, usage=usage, examples=examples, **settings)(click.pass_obj(function))
        return made

    return make
