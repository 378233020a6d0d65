"""A `Job` at the end of a cell: its progress while it runs, a button to cancel it, and a constant line to be saved."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.build_progress import BuildProgress
from dockmagic.engine.events import BlobProgress, Notice
from dockmagic.notebook import html
from dockmagic.notebook.progress.build import drawing
from dockmagic.notebook.progress.transfer import Board, widget_data
from dockmagic.notebook.text import PROG
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from dockmagic.engine.job import Job

__all__ = ["job"]

_INTERVAL: Final = 0.2  # seconds between two states of the widget


def job(shown: Job[Any]) -> dict[str, Any]:
    """The widget of a job, which its own thread keeps up to date until the job has ended; the text is its title."""
    import ipywidgets

    picture = ipywidgets.HTML()
    button = ipywidgets.Button(
        description="Cancel",
        tooltip=f"Cancel: {shown.title}",
        layout={"width": "max-content", "align_self": "flex-start"},
    )
    button.on_click(lambda _button: shown.cancel())
    box = ipywidgets.VBox([picture, button])
    state = _State(shown)

    def keep_drawing() -> None:
        reading = threading.Thread(target=state.read, name="dockmagic-job-events", daemon=True)
        reading.start()
        while reading.is_alive():
            picture.value = state.draw()
            reading.join(_INTERVAL)
        picture.value = state.draw()
        box.children = (picture,)

    picture.value = state.draw()
    threading.Thread(target=keep_drawing, name="dockmagic-job-view", daemon=True).start()
    return widget_data(box, f"<Job {shown.title}>")


class _State:
    """What the events of a job have said so far."""

    def __init__(self, shown: Job[Any]) -> None:
        self._job = shown
        self._blobs = Board(self._seconds)
        self._build: BuildProgress | None = None
        self._notice = ""

    def _seconds(self) -> float:
        return self._job.seconds

    def read(self) -> None:
        """Take the events in, until the job has ended."""
        for event in self._job.events():
            if isinstance(event, BlobProgress):
                self._blobs.put(event.digest, event.status, event.done, event.total)
            elif isinstance(event, Notice):
                self._notice = event.text
            else:
                if self._build is None:
                    self._build = BuildProgress(self._seconds)
                self._build(event)

    def draw(self) -> str:
        """The job as it is now, as HTML."""
        state = self._job.state
        head = html.div(html.bold(self._job.title), html.SPACE, html.muted(state))
        parts: list[object] = [head]
        if state == "failed" and isinstance(error := self._job.exception(), DockmagicError):
            parts.append(html.div(error.told(PROG)))
        elif state == "failed":
            parts.append(html.div(repr(self._job.exception())))
        if self._build is not None:
            parts.append(drawing(self._build))
        if state == "running":
            parts += [self._blobs.draw(), html.div(html.muted(self._notice))]
        else:
            parts.append(self._blobs.summary())
        return html.join(*parts)
