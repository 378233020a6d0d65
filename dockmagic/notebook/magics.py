"""``%docker``, ``%%docker`` and the short magics: a line goes to a verb, its result becomes the cell's value."""

from __future__ import annotations

import io
import os
from collections import ChainMap
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope, no_var_expand

from dockmagic.oci.errors import DockmagicError

from .failure import in_one_line
from .line import arguments, commands, expand_text
from .own_flags import OwnFlags, take_own_flags
from .sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from dockmagic.engine import Engine
    from dockmagic.store.registry.server import RegistryServer
    from dockmagic.verbs.result import Transferred

    from .building import Following

__all__ = ["SHORT", "SHORT_CELLS", "DockMagics"]

#: Verbs whose names IPython leaves free; the others are reached by %docker alone.
SHORT: Final = (
    "pull", "push", "images", "layers", "files", "diff", "inspect", "tag", "rmi", "tags", "search", "login", "logout",
    "validate", "ps", "commit", "build",
)  # fmt: skip
#: Of these the ones that a cell's body is for.
SHORT_CELLS: Final = ("build",)
_USUAL: Final = OwnFlags()
_SHOWS_PROGRESS: Final = {"pull": "Pulling", "push": "Pushing"}
_BELOW_THE_MAGIC: Final = 2
_SILENT: Final = frozenset(("-q", "--quiet", "--plan", "--help"))


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
        self._servers: list[RegistryServer] = []
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
        """Close the engine's connections and the registries that serve, and leave the terminals."""
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
            line, own = take_own_flags(line)
            namespace = self._shell.user_ns
            body = expand_text(cell, namespace) if own.expand else cell
            if line.strip():
                return self._bound(own, partial(self._run, arguments(line, namespace), body.encode(), own=own))
            return self._bound(own, partial(self._script, body, namespace))

    def _bound(self, own: OwnFlags, run: Callable[[], Any]) -> Any:
        if not own.into:
            return run()
        try:
            self._shell.user_ns[own.into] = run()
        except DockmagicError as failure:
            if (result := getattr(failure, "result", None)) is not None:
                self._shell.user_ns[own.into] = result
            raise
        return None

    def _script(self, body: str, namespace: Mapping[str, object]) -> Any:
        value = None
        for command in commands(body):
            if value is not None:
                _show(value)
            value = self._run(arguments(command, namespace))
        return value

    def _line(self, line: str, local_ns: Mapping[str, object] | None) -> Any:
        trimmed = line.rstrip()
        if trimmed.endswith(";") and not trimmed.endswith("\\;"):
            trimmed = trimmed[:-1]  # x = %images; where the semicolon quiets what an assignment never shows
        trimmed, own = take_own_flags(trimmed)
        namespace = ChainMap(dict(local_ns or {}), self._shell.user_ns)
        return self._bound(own, partial(self._run, arguments(trimmed, namespace), own=own))

    def _run(self, argv: list[str], stdin: bytes | None = None, *, own: OwnFlags = _USUAL) -> Any:
        if not argv:
            from .welcome import Welcome

            return Welcome(self.engine)
        from dockmagic.verbs.call import invoke
        from dockmagic.verbs.door import Door
        from dockmagic.verbs.result import Ran

        from .building import Following, build_title, cell_dockerfile
        from .completed import completed
        from .paths import expand_host_paths
        from .present import present
        from .progress import no_progress, shown_progress
        from .streams import Streams

        title = _SHOWS_PROGRESS.get(argv[0]) if _SILENT.isdisjoint(argv) else None
        if _verb(argv) == "build":
            argv = cell_dockerfile(argv) if stdin is not None else argv
        following = Following(build_title(argv) if _verb(argv) == "build" else "")
        with Streams() as streams, shown_progress(f"{title} {argv[-1]}") if title else no_progress() as on_progress:
            talk = self._sessions.talk(stdin, streams, verb=_verb(argv), wait=own.wait)
            door = Door(
                self.engine,
                prog="%docker",
                on_progress=on_progress,
                say=print,
                ask=_ask,
                stdin=io.BytesIO(stdin) if stdin is not None else None,
                stdin_line=_BELOW_THE_MAGIC,
                follow_build=following,
                on_output=streams,
                program_input=stdin,
                terminal=talk,
                owner=os.getpid(),
            )
            try:
                result = invoke(door, expand_host_paths(argv))
            except DockmagicError as error:
                _leave_result(error, following)
                raise
        if isinstance(result, Ran):
            return talk.result or completed(argv, result, streams, check=own.check)
        self._remember(argv, result)
        value = present(result, following.outputs)
        for line in self._lines_beside(value, result):
            print(line)  # noqa: T201  (under a table stand its notes)
        self._raise_first(value, getattr(result, "errors", ()))
        return value

    def _lines_beside(self, value: Any, result: Any) -> tuple[str, ...]:
        from dockmagic.verbs.result import Serving, Table

        from .output import Output

        if isinstance(result, Serving):
            self._servers.append(result.server)
            return result.lines
        if not isinstance(result, Table) or isinstance(value, Output):
            return ()
        if hasattr(value, "headline"):  # a view has its own totals; that samples are on must be said all the same
            return result.notes[-1:] if self.engine.samples is not None else ()
        return result.notes

    def _raise_first(self, value: Any, errors: Sequence[DockmagicError]) -> None:
        if not errors:
            return
        if value is not None:
            _show(value)  # what could be done is shown, and the cell fails all the same
        for error in errors[1:]:
            print(error)  # noqa: T201  (see above)
        raise errors[0]

    def _remember(self, argv: list[str], result: Any) -> None:
        from dockmagic.verbs.result import Table, Transferred

        if isinstance(result, Transferred):
            self._transferred = (self._shell.execution_count, result)
        elif argv[0] == "tags" and isinstance(result, Table):
            rows: Any = result.rows
            self.seen_tags[argv[-1]] = tuple(tag for row in rows for tag in row.tags)

    def show_image(self, image: Any) -> dict[str, str]:
        """An image's twins; in the cell that pulled or pushed it, with what became of each layer."""
        from . import cards

        if self._transferred is None or self._transferred[0] != self._shell.execution_count:
            return cards.image(image)
        result = self._transferred[1]
        if not any(image is one for one in result.images):
            return cards.image(image)
        return cards.image(image, {row.id: row.status for row in result.rows}, result.lines)


def _leave_result(error: DockmagicError, following: Following) -> None:
    """Give a build that failed its `StepFailed.result`: what there is to go on with."""
    from dockmagic.build.outcome.result import StepFailed

    if isinstance(error, StepFailed):
        from .views.build import FailedBuildView

        error.result = FailedBuildView(error, following.outputs)


def _verb(argv: list[str]) -> str:
    return argv[1] if argv[0] == "container" and len(argv) > 1 else argv[0]


def _show(value: Any) -> None:
    from IPython.display import display

    display(value)  # type: ignore[no-untyped-call]  # IPython has no types here


def _ask(prompt: str, *, secret: bool) -> str:
    from getpass import getpass

    from IPython.core.error import StdinNotImplementedError

    try:
        return getpass(prompt) if secret else input(prompt)
    except StdinNotImplementedError:
        raise EOFError(prompt) from None
