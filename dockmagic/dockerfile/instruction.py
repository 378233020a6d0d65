"""What every instruction of a Dockerfile has, and the parts that several of them are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from dockmagic.oci.errors import DockerfileError

from .place import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .heredocs import Heredoc

__all__ = ["Argument", "Device", "Instruction", "Pair", "Program"]


class Pair(NamedTuple):
    """A key and its value, in ENV and LABEL; `legacy` where a space stands between them instead of ``=``."""

    key: str
    value: str
    legacy: bool = False


class Argument(NamedTuple):
    """One name of an ARG.

    Attributes:
        name: of the argument.
        default: None where there is no ``=``, which differs from an empty one.
        description: from a comment ``# NAME description`` right above; empty if there is none.
    """

    name: str
    default: str | None = None
    description: str = ""


class Device(NamedTuple):
    """A ``RUN --device``: parsed to be refused by name."""

    name: str
    required: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a RUN, CMD or ENTRYPOINT starts.

    Attributes:
        words: the words of the exec form; for the shell form one text.
        shell: the words go behind those of SHELL (``/bin/sh -c`` by default).
        file: a script of its own (a heredoc that begins with ``#!``), to be put, executable (0755), in place of
            `words[0]` (``/dev/pipes/NAME``) for as long as it runs; None otherwise.
    """

    words: tuple[str, ...]
    shell: bool
    file: Heredoc | None = None

    def command(self, shell: Iterable[str] = ("/bin/sh", "-c")) -> tuple[str, ...]:
        """The words to start, behind `shell` where this is the shell form."""
        return (*shell, " ".join(self.words)) if self.shell else self.words


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What all instructions have.

    Attributes:
        lines: first and last line in the file, counted from 1; heredocs belong to it.
        keyword: as written, such as ``RUN`` or ``run``.
        original: the instruction as one line: continuation lines joined, comments in between dropped, heredocs not
            included. It is what BuildKit shows in progress.
        source: the lines as they stand in the file, heredocs and all.
        comments: of the lines right above, without ``#``.
        file: the Dockerfile's name, for errors.
    """

    lines: tuple[int, int]
    keyword: str
    original: str
    source: str = ""
    comments: tuple[str, ...] = ()
    file: str = "Dockerfile"

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    def expanded(self, expand: Callable[[str], str], expand_raw: Callable[[str], str] | None = None) -> Self:
        """The same with variables replaced where this instruction does so; `self` where it does not.

        It is so for ADD, COPY (not ``--from`` and ``--exclude``), ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and
        WORKDIR. It is not for ARG, where a given value keeps the default from being looked at, nor for FROM, which
        sees other variables: expand their fields one by one. RUN's mounts are expanded by `Run.resolve_mounts`.

        Args:
            expand: replaces the variables of one word (`expansion.expand` with the environment so far).
            expand_raw: the same for the text of heredocs, in which quotes mean nothing (`expansion.expand_text`);
                None leaves them as they are.

        Raises:
            DockerfileError: at these lines, for a bad substitution or what is no longer valid when expanded.
        """
        try:
            return self._expand(expand, expand_raw or _same)
        except DockerfileError as error:
            raise error if error.lines[0] else self.error(error.reason, hint=error.hint) from None

    def _expand(self, expand: Callable[[str], str], expand_raw: Callable[[str], str]) -> Self:  # noqa: ARG002
        return self

    def error(self, reason: str, *, word: str = "", hint: str = "", suggestion: str = "") -> DockerfileError:
        """An error at the first place where `word` stands in this instruction, or about it as a whole."""
        line, column = place_of(word, self.source.split("\n"), self.lines[0])
        place = (line, line) if column else self.lines
        return DockerfileError(reason, file=self.file, lines=place, column=column, suggestion=suggestion, hint=hint)


def _same(text: str) -> str:
    return text
