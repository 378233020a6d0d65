"""The definition of one option, and keywords of Python read by such definitions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from dockmagic.oci.errors import UNREADABLE_FLAG, DockmagicError, OutOfRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Convert", "Kind", "Option", "options_of", "read"]

if TYPE_CHECKING:
    #: Turns a value into the typed one; the first argument is the keyword, for the error.
    Convert = Callable[[str, Any], Any]
else:
    Convert = object

#: What the value of an option names, for completion and host paths: a path of this machine, a path in a container or
#: image, the words of a program in one, a stage of a Dockerfile, a tag of a remote repository.
Kind: TypeAlias = Literal[
    "container", "container path", "host path", "image", "image path", "program", "remote tag", "stage", "volume"
]
_NONE: Final[Mapping[str, Any]] = {}


class Option(NamedTuple):
    """One option of a request.

    Attributes:
        flags: on a command line, docker's: ``("-e", "--env")``.
        convert: reads a value of Python; raises TypeError for a type that does not fit and InvalidInput for a value.
        help: as ``--help`` shows it.
        metavar: kind of the value in the help; empty for a switch, which takes none.
        many: whether the flag may be given several times.
        parse: reads the value of a command line where that differs from `convert`.
        hidden: whether the help leaves it out.
        kinds: what the value names.
        later: whether docker looks at the value only when the container is made, which changes the exit code.
    """

    flags: tuple[str, ...]
    convert: Convert
    help: str
    metavar: str = "string"
    many: bool = False
    parse: Convert | None = None
    hidden: bool = False
    kinds: tuple[Kind, ...] = ()
    later: bool = False


def options_of(kind: type) -> dict[str, Option]:
    """Keyword → option of a TypedDict whose members are ``Annotated[TYPE, Option(…)]``."""
    found = {}
    for base in reversed(getattr(kind, "__orig_bases__", ())):
        if hasattr(base, "__total__"):
            found.update(options_of(base))
    for keyword, annotation in kind.__annotations__.items():
        found[keyword] = next(one for one in annotation.__metadata__ if isinstance(one, Option))
    return found


def read(
    options: Mapping[str, Option],
    given: Mapping[str, Any],
    *,
    call: str,
    command_line: bool = False,
    former: Mapping[str, str] = _NONE,
    foreign: Mapping[str, str] = _NONE,
    refused: Mapping[str, tuple[str, str]] = _NONE,
) -> dict[str, Any]:
    """Convert the keywords of a call; a keyword whose value is None counts as not given.

    Args:
        options: that the call takes.
        given: keyword → value.
        call: name of the function, for errors.
        command_line: whether the values come from a command line, as texts and tuples of texts.
        former: names of earlier versions → today's.
        foreign: names of other libraries → ours, the flag that is refused, or a sentence that says what to do.
        refused: flags of docker that are not supported → reason and hint.

    Raises:
        TypeError: an unknown keyword, or a value of a type that does not fit.
        InvalidInput: a value that means nothing.
    """
    found = {}
    for name, value in given.items():
        keyword = name
        if name in former:
            keyword = former[name]
            warnings.warn(f"{call}: {name} is called {keyword} now", DeprecationWarning, stacklevel=4)
            if keyword in given:
                raise TypeError(f"{call}() got {name} and {keyword}, which mean the same: leave {name} out")
        option = options.get(keyword)
        if option is None:
            raise TypeError(_unknown(call, name, options, foreign, refused))
        if value is None:
            continue
        convert = option.parse if command_line and option.parse is not None else option.convert
        try:
            found[keyword] = convert(keyword, value)
        except DockmagicError as error:
            if command_line and not option.later and not isinstance(error, OutOfRange):
                raise error.revised(exit_code=UNREADABLE_FLAG) from error.__cause__
            raise
    return found


def _unknown(
    call: str,
    name: str,
    options: Iterable[str],
    foreign: Mapping[str, str],
    refused: Mapping[str, tuple[str, str]],
) -> str:
    ours = foreign.get(name, "")
    flag = ours if ours.startswith("--") else "--" + name.replace("_", "-")
    if flag in refused and not (ours and ours != flag):
        reason, hint = refused[flag]
        return f"{call}() does not support {name}: {reason}. {hint}"
    start = f"{call}() got an unexpected keyword argument {name!r}"
    if ours:
        return f"{start}: {ours}" if " " in ours else f"{start}: write {ours}=…"
    import difflib  # an error has the time

    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    return f"{start}: did you mean {close[0]}?" if close else start
