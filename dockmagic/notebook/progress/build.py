"""A build in a cell: its steps while they run, with the last of their output, and a line that stays."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.build_progress import BuildProgress
from dockmagic.commands.output.format import human_size
from dockmagic.notebook import html
from dockmagic.notebook.text import count
from dockmagic.oci.errors import DockerfileError, InvalidInput
from dockmagic.oci.printable import without_controls

from .transfer import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.commands.cmdline.invocation import Invocation
    from dockmagic.commands.output.build_progress import StepState

__all__ = ["BuildDisplay", "build_title", "cell_dockerfile", "drawing", "output_html"]

_TAIL: Final = 8
_BELOW_THE_MAGIC: Final = 2
#: How a source of ADD begins that is no file of the context, or may turn out to be none.
_ELSEWHERE: Final = ("http://", "https://", "git://", "git@", "ssh://", "$")
_MARKS: Final = {
    "waiting": "○", "running": "●", "done": "✓", "cached": "✓", "failed": "✗", "canceled": "◌", "skipped": "○",
}  # fmt: skip
_COLOURS: Final = {
    "running": "#4c8bf5", "done": html.LETTER_COLOURS["A"], "cached": html.LETTER_COLOURS["A"],
    "failed": html.LETTER_COLOURS["D"], "canceled": html.LETTER_COLOURS["C"],
}  # fmt: skip


def cell_dockerfile(call: Invocation, text: bytes) -> Invocation:
    """The build whose Dockerfile stands below its command line in the cell; its context is empty unless one is named.

    Raises:
        InvalidInput: the command line names another Dockerfile, or none of the context that this one needs.
    """
    context, named = call.parameters["context"], call.parameters["dockerfile"]
    if named not in (None, "", "-"):
        raise InvalidInput(
            "there are two Dockerfiles: one in the cell, one that -f names",
            hint="Leave one of them out; %build -f FILE PATH takes a file",
        )
    if call.is_written("context"):
        return call if context == "-" else call.replace(dockerfile="-")
    if (taking := _takes_files(text)) is not None:
        raise InvalidInput(
            f"there is no context, the folder that {taking} takes its files from",
            hint="End the first line with it: a dot is this one, and - stands for none",
        )
    return call.replace(dockerfile=None)  # standard input is all that there is


def _takes_files(text: bytes) -> str | None:
    """The first instruction of a Dockerfile that needs a context, and its line; None if none does."""
    from dockmagic.dockerfile import parse
    from dockmagic.dockerfile.instructions import Add, Copy

    try:
        found = parse(text, first_line=_BELOW_THE_MAGIC).instructions
    except DockerfileError:
        return None  # which the build tells with its lines
    for one in found:
        copies = isinstance(one, Copy) and not one.from_ and one.sources
        adds = isinstance(one, Add) and any(not source.startswith(_ELSEWHERE) for source in one.sources)
        if copies or adds:
            return f"{type(one).__name__.upper()} in line {one.lines[0]}"
    return None


def build_title(call: Invocation) -> str:
    """What is built, in a line that stays the same: by its name, else by its context."""
    tags, context = call.parameters["tags"], call.parameters["context"]
    named = tags[0] if tags else context if context != "-" else ""
    return f"Building {named}".rstrip()


class BuildDisplay:
    """Shows one build, as `CommandContext.follow_build`, and remembers what its programs wrote.

    Args:
        title: the display's constant twin.

    Attributes:
        board: what was heard; None before a build begins.
    """

    def __init__(self, title: str) -> None:
        self.board: BuildProgress | None = None
        self._title = title

    @property
    def outputs(self) -> dict[int, list[str]]:
        """The last lines that each step's program wrote, by the steps' numbers."""
        steps = self.board.steps.values() if self.board else ()
        return {step.info.number: list(step.lines) for step in steps if step.lines}

    @contextmanager
    def __call__(self, style: str) -> Iterator[Callable[[BuildEvent], None]]:
        """See `dockmagic.commands.cmdline.context.Follow`; every style but ``quiet`` looks the same on a page."""
        self.board = BuildProgress()
        if style == "quiet":
            yield self.board
            return
        with shown(self._title, _Drawing(self.board)):
            yield self.board


def drawing(board: BuildProgress) -> html.Markup:
    """A build as it is now, as HTML."""
    return _Drawing(board).draw()


class _Drawing:
    """Draws a board as HTML."""

    def __init__(self, board: BuildProgress) -> None:
        self._board = board

    def draw(self) -> html.Markup:
        """Each step on a line, with the end of its output while it runs, or if it has failed."""
        return self._steps(with_failure=True)

    def _steps(self, *, with_failure: bool) -> html.Markup:
        board = self._board
        with board.lock:
            head = html.muted(f"{board.finished} of {count(len(board.steps), 'step')}, {board.seconds:.1f} s")
            return html.join(html.div(head), *(_step(one, with_failure=with_failure) for one in board.steps.values()))

    def summary(self) -> html.Markup:
        """One line for what went well; every step where one failed, or was interrupted.

        Why it failed, and its output, are the error's to tell, which stands below.
        """
        board = self._board
        if any(step.outcome in ("failed", "canceled") for step in board.steps.values()):
            return self._steps(with_failure=False)
        if not board.steps:
            return html.NOTHING
        cached = sum(1 for step in board.steps.values() if step.outcome == "cached")
        note = f"{count(len(board.steps), 'step')}, {cached} from the cache, in {board.seconds:.1f} s"
        return html.join(html.muted(note))


def _step(step: StepState, *, with_failure: bool) -> html.Markup:
    colour = _COLOURS.get(step.outcome, "")
    sign = _MARKS[step.outcome]
    mark = html.Markup('<b style="color:{}">{}</b>').format(colour, sign) if colour else html.muted(sign)
    clock = "cached" if step.outcome == "cached" else f"{step.elapsed:.1f} s" if step.began else ""
    line = html.line(mark, html.code(step.info.title, title=step.info.text), html.muted(clock))
    if step.outcome == "failed" and with_failure:
        why = html.div(step.why, style=f"color:{colour};margin-left:1.2em")
        return html.run(line, why, output_html(list(step.lines)))
    if step.outcome != "running":
        return line
    transfers = (
        html.div(html.code(what), " ", status, " ", _amount(done, total), style="margin-left:1.2em")
        for what, (status, done, total) in step.transfers.items()
    )
    return html.run(line, *transfers, output_html(list(step.lines)[-_TAIL:]))


def _amount(done: int, total: int) -> html.Markup:
    if not total:
        return html.NOTHING
    return html.run(html.bar(done / total, width=90), html.muted(f" {human_size(done)} of {human_size(total)}"))


def output_html(lines: list[str]) -> html.Markup:
    """What a step's program wrote, without the colours that it gave it; nothing for none."""
    if not lines:
        return html.NOTHING
    style = "margin:2px 0 4px 1.2em;padding:2px 8px;border-left:3px solid rgba(127,127,127,.35);background:none"
    return html.pre(without_controls("\n".join(lines)), style=style)
