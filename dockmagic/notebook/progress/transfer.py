"""How far a transfer is: one display while it lasts, and a constant line where the notebook is read later.

What is saved may not tell of the moment at which it was saved, so the display has a text twin that never changes, and
what changes is the state of a widget. What became of each layer is in the result.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from dockmagic.commands.output.format import human_size, short_id
from dockmagic.notebook import html
from dockmagic.notebook.text import count
from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.commands.cmdline.invocation import Invocation
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor

__all__ = ["Board", "Drawn", "progress_of", "shown"]

_INTERVAL: Final = 0.12
_COLOURS: Final = {"done": "#1a9a4b", "moving": "#4c8bf5"}
_DONE: Final = (
    "Already exists",
    "Download complete",
    "Pull complete",
    "Pushed",
    "Layer already exists",
    "Mounted from",
)


class Board:
    """The last word on each blob of a transfer. Written from several threads, drawn from another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[str, int, int]] = {}
        self._began = time.monotonic()

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._lines[desc.digest] = (status, done, total)

    def draw(self) -> str:
        """The board as HTML: a bar for each blob."""
        with self._lock:
            lines = dict(self._lines)
        rows = [
            [html.code(short_id(digest)), html.text(status), _bar(status, done, total), _amount(status, done, total)]
            for digest, (status, done, total) in lines.items()
        ]
        return html.join(html.table(rows))

    def summary(self) -> str:
        """One line for when it is over; nothing if nothing was heard."""
        with self._lock:
            lines = list(self._lines.values())
        if not lines:
            return ""
        moved = sum(total for status, _, total in lines if not status.endswith("xists"))
        seconds = time.monotonic() - self._began
        return html.join(html.muted(f"{count(len(lines), 'layer')}, {human_size(moved)} moved in {seconds:.1f} s"))


def _bar(status: str, done: int, total: int) -> html.Markup:
    if status.startswith(_DONE):
        return html.bar(1.0, colour=_COLOURS["done"])
    return html.bar(done / total if total else 0.0, colour=_COLOURS["moving"])


def _amount(status: str, done: int, total: int) -> html.Markup:
    if status.startswith(_DONE) or not total:
        return html.muted(human_size(total) if total else "")
    return html.muted(f"{human_size(done)} of {human_size(total)}")


class Drawn(Protocol):
    """What is shown while it changes."""

    def draw(self) -> str:
        """How it is now, as HTML."""
        ...

    def summary(self) -> str:
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
    with shown(f"{transfer.title} {call.parameters[transfer.of]}", board):
        yield board


@contextmanager
def shown(title: str, board: Drawn) -> Iterator[None]:
    """Draw `board` again and again while the block runs; `title` is its constant twin."""
    import ipywidgets
    from IPython.display import display

    widget = ipywidgets.HTML()
    bundle: Any = widget._repr_mimebundle_()
    display({**(bundle[0] if isinstance(bundle, tuple) else bundle), "text/plain": title}, raw=True)  # type: ignore[no-untyped-call]  # IPython has no types here
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
