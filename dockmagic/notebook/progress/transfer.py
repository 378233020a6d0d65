"""How far a transfer is: one display while it lasts, and a constant line where the notebook is read later.

What is saved may not tell of the moment at which it was saved, so the display has a text twin that never changes, and
what changes is the state of a widget. What became of each layer is in the result.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from dockmagic.commands.output.format import human_size, short_id
from dockmagic.commands.output.stopwatch import stopwatch
from dockmagic.notebook import html
from dockmagic.notebook.text import count
from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from dockmagic.commands.cmdline.invocation import Invocation
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor

__all__ = ["Board", "Drawn", "progress_of", "shown", "widget_data"]

_INTERVAL: Final = 0.12
_COLOURS: Final = {"done": "#1a9a4b", "moving": "#4c8bf5"}
#: How the status of a blob begins that did not have to come, of one that has come or gone, and of either.
_HERE: Final = ("Already exists", "Layer already exists", "Mounted from")
_MOVED: Final = ("Verifying Checksum", "Download complete", "Extracting", "Pull complete", "Pushed")
_FINAL: Final = (*_HERE, "Pull complete", "Pushed")
_DONE: Final = (*_HERE, "Download complete", "Pull complete", "Pushed")
_SETTLED: Final = 0.5  # seconds after which a rate means something


class Board:
    """The last word on each blob of a transfer. Written from several threads, drawn from another.

    Args:
        clock: tells the seconds since the transfer began; None for one that begins now.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[str, int, int]] = {}
        self._clock = clock or stopwatch()

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """See `Progress`."""
        self.put(desc.digest, status, done, total)

    def put(self, digest: str, status: str, done: int, total: int) -> None:
        """Take the last word on a blob."""
        with self._lock:
            self._lines[digest] = (status, done, total)

    @property
    def ended(self) -> bool:
        """Whether every blob that was heard of is there."""
        with self._lock:
            return all(status.startswith(_FINAL) for status, _, _ in self._lines.values())

    def draw(self) -> html.Markup:
        """The board as HTML: a line for all of it, and a bar for each blob."""
        with self._lock:
            lines = dict(self._lines)
        if not lines:
            return html.NOTHING
        rows = [
            [
                html.code(short_id(digest)),
                html.text(status),
                _bar(short_id(digest), status, done, total),
                _amount(status, done, total),
            ]
            for digest, (status, done, total) in lines.items()
        ]
        return html.join(self._total(lines.values()), html.table(rows))

    def _total(self, lines: Collection[tuple[str, int, int]]) -> html.Markup:
        """Layers and bytes of all, the rate, and the time that is left at this rate."""
        ended = sum(1 for status, _, _ in lines if status.startswith(_DONE))
        coming = [(status, done, total) for status, done, total in lines if not status.startswith(_HERE)]
        whole = sum(total for _, _, total in coming)
        moved = _moved(coming)
        facts = [f"{ended} of {count(len(lines), 'layer')}"]
        seconds = self._clock()
        if whole:
            facts.append(f"{human_size(moved)} of {human_size(whole)}")
        if moved and seconds > _SETTLED:
            rate = moved / seconds
            facts.append(f"{human_size(round(rate))}/s")
            if moved < whole:
                facts.append(f"{_clock((whole - moved) / rate)} left")
        share = moved / whole if whole else 1.0
        colour = _COLOURS["done" if moved >= whole else "moving"]
        return html.div(
            html.bar(share, colour=colour, progress_of="all layers"), html.SPACE, html.text(", ".join(facts))
        )

    def summary(self) -> html.Markup:
        """One line for when it is over; nothing if nothing was heard."""
        with self._lock:
            lines = list(self._lines.values())
        if not lines:
            return html.NOTHING
        moved = _moved(line for line in lines if not line[0].startswith(_HERE))
        return html.join(
            html.muted(f"{count(len(lines), 'layer')}, {human_size(moved)} moved in {self._clock():.1f} s")
        )


def _moved(lines: Iterable[tuple[str, int, int]]) -> int:
    return sum(total if status.startswith(_MOVED) else done for status, done, total in lines)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _bar(name: str, status: str, done: int, total: int) -> html.Markup:
    if status.startswith(_DONE):
        return html.bar(1.0, colour=_COLOURS["done"], progress_of=name)
    return html.bar(done / total if total else 0.0, colour=_COLOURS["moving"], progress_of=name)


def _amount(status: str, done: int, total: int) -> html.Markup:
    if status.startswith(_DONE) or not total:
        return html.muted(human_size(total) if total else "")
    return html.muted(f"{human_size(done)} of {human_size(total)}")


class Drawn(Protocol):
    """What is shown while it changes."""

    def draw(self) -> html.Markup:
        """How it is now, as HTML."""
        ...

    def summary(self) -> html.Markup:
        """What stays of it when it is over; empty for nothing."""
        ...


@contextmanager
def progress_of(call: Invocation) -> Iterator[Progress]:
    """Show a board while a call's transfer runs, with what is moved as its constant twin; else show nothing."""
    transfer = call.verb.transfer
    if transfer is None or any(call.parameters[name] for name in transfer.silent):
        yield ignore_progress
        return
    board = Board()
    title = transfer.describe(call.parameters)
    if transfer.certain:
        with shown(title, board):
            yield board
        return
    with ExitStack() as display:

        @cache
        def show() -> None:
            display.enter_context(shown(title, board))

        def listen(desc: Descriptor, status: str, done: int, total: int) -> None:
            board(desc, status, done, total)
            show()  # what is first said of a transfer is said by its caller, before its threads begin
            if board.ended:
                display.close()  # the call goes on: the program runs

        yield listen


def widget_data(widget: Any, twin: str) -> dict[str, Any]:
    """What is displayed of an ipywidgets widget: the widget, and the text that stands for it where it is read later."""
    bundle = widget._repr_mimebundle_()
    return {**(bundle[0] if isinstance(bundle, tuple) else bundle), "text/plain": twin}


@contextmanager
def shown(title: str, board: Drawn) -> Iterator[None]:
    """Draw `board` again and again while the block runs; `title` is its constant twin."""
    import ipywidgets
    from IPython.display import display

    widget = ipywidgets.HTML()
    display(widget_data(widget, title), raw=True)  # type: ignore[no-untyped-call]  # IPython has no types here
    over = threading.Event()

    def keep_drawing() -> None:
        while not over.wait(_INTERVAL):
            widget.value = board.draw()

    # The kernel's thread is busy with the transfer; only this one talks to the page meanwhile.
    drawing = threading.Thread(target=keep_drawing, name="dockmagic-progress", daemon=True)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()
        widget.value = board.summary()
