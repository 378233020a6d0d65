"""What a verb returns. The command line prints it as docker does; the notebook shows it as frames and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from dockmagic.builder.outcome.result import Build
    from dockmagic.image.image import Image
    from dockmagic.oci.errors import DockmagicError
    from dockmagic.plots import Chart
    from dockmagic.registry.server import RegistryServer
    from dockmagic.rows import Row, TransferRow
    from dockmagic.runtime.container import Container

__all__ = [
    "Built",
    "Content",
    "Document",
    "Lines",
    "Nothing",
    "Picture",
    "Ran",
    "Result",
    "Serving",
    "Table",
    "Text",
    "Transferred",
]


class Table(msgspec.Struct, frozen=True):
    """Rows of one type.

    Attributes:
        rows: in the order to show them.
        row_type: their class, known even where there are no rows.
        shown: names of the columns to show, in order (`rows.columns` gives the columns).
        subject: the domain object that the rows describe (an `Image` for layers, history and files, a `Diff` for
            changes); None for a plain list.
        notes: lines that belong under the table, such as ``Total reclaimed space: 5MB``.
        whole: show IDs and long text whole (``--no-trunc``).
        lines: the rows as docker's text where that is no table (``rmi``, ``prune``); None for a table.
        errors: what went wrong with some of several arguments, while the others were done; makes the exit code 1.
        exit_code: of the command line where what the rows say is a failure (``build --check`` that found something).
    """

    rows: tuple[Row, ...]
    row_type: type[Row]
    shown: tuple[str, ...]
    subject: object = None
    notes: tuple[str, ...] = ()
    whole: bool = False
    lines: tuple[str, ...] | None = None
    errors: tuple[DockmagicError, ...] = ()
    exit_code: int = 0


class Text(msgspec.Struct, frozen=True):
    """Lines of text: templates' output, ``-q``, a confirmation.

    Attributes:
        text: mostly without a line end at its end.
        errors: what is told as a failure after it; makes the exit code 1.
        rendered: whether a template made it: a line end follows then in any case, also what came out empty.
    """

    text: str
    rendered: bool = False
    errors: tuple[DockmagicError, ...] = ()


class Lines(msgspec.Struct, frozen=True):
    """One line for each thing that was done (``stop a b``).

    Attributes:
        lines: names, or exit codes.
        errors: what went wrong with some of several names; makes the exit code 1.
    """

    lines: tuple[str, ...]
    errors: tuple[DockmagicError, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """JSON-like data (``inspect``, ``version``, ``info``).

    Attributes:
        data: mappings, sequences, strings, numbers, None.
        text: how docker prints it, if not as JSON.
        subject: the domain object, such as an `Image`; None if there is none.
        errors: what went wrong with some of several arguments; makes the exit code 1.
        exit_code: of the command line where what it says is a failure (``build --call check,format=json``).
    """

    data: Any
    text: str = ""
    subject: object = None
    errors: tuple[DockmagicError, ...] = ()
    exit_code: int = 0


class Content(msgspec.Struct, frozen=True):
    """A file's bytes (``cat``).

    Attributes:
        data: the bytes.
        path: where they stand in the image, for a reader that colours text by its name.
    """

    data: bytes
    path: str = ""


class Transferred(msgspec.Struct, frozen=True):
    """Images that were pulled, pushed, loaded or imported.

    Attributes:
        images: as they are now in the store.
        rows: per blob, what happened to it; in the images' order, base first.
        lines: docker's final lines (``Digest: …``, ``Status: …``); with ``-q`` the name or ID alone.
        errors: what went wrong with some of several names; makes the exit code 1.
    """

    images: tuple[Image, ...]
    rows: tuple[TransferRow, ...] = ()
    lines: tuple[str, ...] = ()
    errors: tuple[DockmagicError, ...] = ()


class Picture(msgspec.Struct, frozen=True):
    """A chart (``plot``): a notebook shows it, the command line prints its figures.

    Attributes:
        chart: with the picture.
    """

    chart: Chart


class Serving(msgspec.Struct, frozen=True):
    """A registry that listens (``serve``). The command line waits for Ctrl-C; a kernel goes on, and it ends with it.

    Attributes:
        server: to be closed.
        lines: where it listens, and what to do with it.
    """

    server: RegistryServer
    lines: tuple[str, ...]


class Ran(msgspec.Struct, frozen=True):
    """A program that ran in a container (``run``, ``exec``, ``start -a``, ``attach``), or goes on there.

    Its output has been streamed to `CommandContext.on_output` already.

    Attributes:
        container: where; it may be gone by now (``run --rm``).
        exit_code: of the program, which is also the command line's; None where the program goes on.
        stdout: the first `CommandContext.kept_output` bytes that it wrote.
        stderr: likewise.
        dropped: how many bytes of both were not kept.
        lines: what is left to print: the ID (``run -d``).
    """

    container: Container
    exit_code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    dropped: int = 0
    lines: tuple[str, ...] = ()


class Built(msgspec.Struct, frozen=True):
    """A finished build. How it went has been shown already (`CommandContext.follow_build`).

    Attributes:
        build: image, steps and warnings.
        explanation: why the cache had each step or had it not, as rows to show (``--explain``); None if nobody asked.
        lines: what is left to print: the image's ID (``-q``).
    """

    build: Build
    explanation: Table | None = None
    lines: tuple[str, ...] = ()


class Nothing(msgspec.Struct, frozen=True):
    """There is nothing to say (``tag``)."""


Result: TypeAlias = Table | Text | Lines | Document | Content | Transferred | Built | Ran | Serving | Picture | Nothing
