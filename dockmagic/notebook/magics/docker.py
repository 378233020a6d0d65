"""``%docker``, ``%%docker`` and the short magics: a line goes to a verb, its result becomes the cell's value."""

from __future__ import annotations

import io
import os
from collections import ChainMap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope, no_var_expand
from msgspec import structs

from dockmagic.notebook.terminals.sessions import Sessions
from dockmagic.notebook.text import PROG
from dockmagic.oci.errors import DockmagicError

from .cell_io import ask as ask_user
from .cell_io import show, with_result
from .error_line import in_one_line
from .line import arguments, commands, expand_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from dockmagic.commands.cmdline.context import Ask, CommandContext
    from dockmagic.commands.cmdline.invocation import Invocation
    from dockmagic.commands.cmdline.result import Result, Transferred
    from dockmagic.engine import Engine
    from dockmagic.engine.job import Job
    from dockmagic.registry.server import RegistryServer

    from .cell_flags import OwnFlags

__all__ = ["DockMagics"]

_BELOW_THE_MAGIC: Final = 2


@magics_class
class DockMagics(Magics):
    """The magics of one shell, with the engine that they share.

    Attributes:
        seen_tags: tags that ``tags NAME`` found, by repository, for completion.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._engine: Engine | None = None
        self._transferred: tuple[int, Transferred] | None = None
        self._told_of: object = None  # the samples that a table has been marked by
        self._servers: list[RegistryServer] = []
        self._jobs: list[Job[Any]] = []
        self._sessions = Sessions()
        self.seen_tags: dict[str, tuple[str, ...]] = {}

    @property
    def engine(self) -> Engine:
        """The engine; made when it is first used."""
        if self._engine is None:
            from dockmagic.engine import Engine

            self._engine = Engine(on_notice=print)
        return self._engine

    def close(self) -> None:
        """Cancel what runs in the background, close connections and registries that serve, and leave the terminals."""
        while self._jobs:
            self._jobs.pop().cancel()
        self._sessions.close()
        while self._servers:
            self._servers.pop().close()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @no_var_expand
    @needs_local_scope
    @line_magic
    def docker(self, line: str, local_ns: Mapping[str, object] | None = None) -> Any:
        """Run a docker command without docker: ``%docker pull ubuntu``; ``%docker --help`` lists the commands."""
        with in_one_line(self._shell):
            return self._line(line, local_ns)

    @no_var_expand
    @line_magic
    def browse(self, line: str) -> Any:
        """Look into an image, a layer or a range of layers, here or remote: ``%browse python:3.12[2]``."""
        with in_one_line(self._shell):
            from functools import partial

            from dockmagic.commands.flags.shared import tell_remote
            from dockmagic.notebook.views.browse import BrowseView
            from dockmagic.oci.errors import InvalidInput

            words = arguments(line, self._shell.user_ns)
            if len(words) != 1:
                raise InvalidInput("%browse takes the name of one image", hint="List them with %images")
            tell = partial(tell_remote, self._context(None))
            return BrowseView(self.engine.images.find_subject(words[0], on_remote=tell).part)

    def short(self, verb: str) -> Callable[..., Any]:
        """The magic ``%verb``, which is ``%docker verb``."""

        @no_var_expand
        @needs_local_scope
        def magic(line: str, local_ns: Mapping[str, object] | None = None) -> Any:
            with in_one_line(self._shell):
                return self._line(f"{verb} {line}", local_ns)

        magic.__doc__ = f"The same as ``%docker {verb}``; ``%{verb}?`` shows its flags."
        magic.__name__ = verb
        return magic

    def short_cell(self, verb: str) -> Callable[..., Any]:
        """The magic ``%%verb``, which is ``%%docker verb``."""

        @no_var_expand
        def magic(line: str, cell: str) -> Any:
            return self.cell(f"{verb} {line}", cell)

        magic.__doc__ = f"The same as ``%%docker {verb}``; ``%{verb}?`` shows its flags."
        magic.__name__ = verb
        return magic

    @no_var_expand
    def cell(self, line: str, cell: str) -> Any:
        """``%%docker VERB``: the body is the command's input. ``%%docker`` alone: each line of the body is a command.

        Flags of the cell itself: ``--into NAME`` binds the result to a variable, ``--expand`` puts ``{variables}`` into
        the body, ``--check=false`` lets a program fail, ``--wait SECONDS`` is the patience with a terminal.
        """
        with in_one_line(self._shell):
            from .cell_flags import bind_line

            namespace = self._shell.user_ns
            call, own = bind_line(arguments(line, namespace), in_cell=True)
            body = expand_text(cell, namespace) if own.expand else cell
            if call is None:
                return self._script(body, namespace, own)
            return self._bound(call, own, text=body.encode())

    def _script(self, body: str, namespace: Mapping[str, object], own: OwnFlags) -> Any:
        """Run the lines of a cell; what each shows is shown, and the last one's value is the cell's."""
        from .cell_flags import bind_line

        value, usual = None, replace(own, into="")
        for command in commands(body):
            if value is not None:
                show(value)
            call, wanted = bind_line(arguments(command, namespace), usual=usual)
            value = self._bound(call, wanted)
        if not own.into:
            return value
        self._shell.user_ns[own.into] = value
        return None

    def _line(self, line: str, local_ns: Mapping[str, object] | None) -> Any:
        from .cell_flags import bind_line

        trimmed = line.rstrip()
        if trimmed.endswith(";") and not trimmed.endswith("\\;"):
            trimmed = trimmed[:-1]  # x = %images; where the semicolon quiets what an assignment never shows
        namespace = ChainMap(dict(local_ns or {}), self._shell.user_ns)
        call, own = bind_line(arguments(trimmed, namespace))
        return self._bound(call, own)

    def _bound(self, call: Invocation | None, own: OwnFlags, *, text: bytes | None = None) -> Any:
        """Run a call, and bind its value to the variable that ``--into`` names."""
        try:
            value = self._run(call, own, text)
        except DockmagicError as failure:
            if own.into and (result := getattr(failure, "result", None)) is not None:
                self._shell.user_ns[own.into] = result
            raise
        if not own.into:
            return value
        self._shell.user_ns[own.into] = value
        return None

    def _run(self, call: Invocation | None, own: OwnFlags, text: bytes | None) -> Any:
        if call is None:
            from dockmagic.notebook.reprs.welcome import Welcome

            return Welcome(self.engine)
        from dockmagic.commands.cmdline.result import Ran
        from dockmagic.notebook.programs.streams import OutputCapture
        from dockmagic.notebook.progress.build import BuildDisplay, build_title
        from dockmagic.notebook.progress.transfer import progress_of
        from dockmagic.notebook.values.completed import completed

        from .cell_body import with_text
        from .host_paths import expand_host_paths
        from .result_values import present

        call = expand_host_paths(call if text is None else with_text(call, text))
        if own.detach:
            from .background import begin

            job = begin(call, lambda **lent: self._context(text, **lent))
            self._jobs = [*(one for one in self._jobs if not one.done), job]
            return job
        following = BuildDisplay(build_title(call) if call.name == "build" else "")
        with OutputCapture() as streams, progress_of(call) as on_progress:
            talk = self._sessions.talk(text, streams, verb=call.name, wait=own.wait)
            ctx = self._context(text, on_progress=on_progress, follow_build=following, on_output=streams, terminal=talk)
            try:
                result = self._marked_once(call.run(ctx))
            except DockmagicError as error:
                raise with_result(error, following) from error.__cause__
        if isinstance(result, Ran):
            return talk.result or completed(call, result, streams, check=own.check)
        self._remember(call, result)
        value = present(result, following.outputs)
        for line in self._lines_beside(value, result):
            print(line)  # noqa: T201  (under a table stand its notes)
        self._raise_first(value, getattr(result, "errors", ()))
        return value

    def _context(
        self, text: bytes | None, *, say: Callable[[str], None] = print, ask: Ask | None = None, **shown: Any
    ) -> CommandContext:
        from dockmagic.commands.cmdline.context import CommandContext

        return CommandContext(
            self.engine,
            prog=PROG,
            say=say,
            ask=ask or ask_user,
            stdin=None if text is None else io.BytesIO(text),
            stdin_line=_BELOW_THE_MAGIC,
            program_input=text,
            owner=os.getpid(),
            **shown,
        )

    def _lines_beside(self, value: Any, result: Any) -> tuple[str, ...]:
        from dockmagic.commands.cmdline.invocation import STAND_INS
        from dockmagic.commands.cmdline.result import Serving, Table
        from dockmagic.notebook.values.output import TextValue

        if isinstance(result, Serving):
            self._servers.append(result.server)
            return result.lines
        if not isinstance(result, Table) or isinstance(value, TextValue):
            return ()
        if hasattr(value, "headline"):  # a view has its own totals; that samples are on must be said all the same
            return tuple(note for note in result.notes if note == STAND_INS)
        return result.notes

    def _marked_once(self, result: Result) -> Result:
        """A result that says that samples are on only if no one before it did."""
        from dockmagic.commands.cmdline.invocation import STAND_INS
        from dockmagic.commands.cmdline.result import Table

        if not isinstance(result, Table) or STAND_INS not in result.notes:
            return result
        if self._told_of is not self.engine.samples:
            self._told_of = self.engine.samples
            return result
        return structs.replace(result, notes=tuple(note for note in result.notes if note != STAND_INS))

    def _raise_first(self, value: Any, errors: Sequence[DockmagicError]) -> None:
        if not errors:
            return
        if value is not None:
            show(value)  # what could be done is shown, and the cell fails all the same
        for error in errors[1:]:
            print(error.told(PROG))  # noqa: T201  (see above)
        raise errors[0]

    def _remember(self, call: Invocation, result: Result) -> None:
        from dockmagic.commands.cmdline.result import Table, Transferred

        if isinstance(result, Transferred):
            self._transferred = (self._shell.execution_count, result)
        elif call.name == "tags" and isinstance(result, Table):
            rows: Any = result.rows
            self.seen_tags[call.parameters["name"]] = tuple(tag for row in rows for tag in row.tags)

    def show_image(self, image: Any) -> dict[str, str]:
        """An image's twins; in the cell that pulled or pushed it, with what became of each layer."""
        from dockmagic.notebook.reprs import image as cards

        if self._transferred is None or self._transferred[0] != self._shell.execution_count:
            return cards.image(image)
        result = self._transferred[1]
        if not any(image is one for one in result.images):
            return cards.image(image)
        return cards.image(image, {row.id: row.status for row in result.rows}, result.lines)
