"""From a view to a page and back: an anywidget that holds the view's state and carries the page's questions."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from .view import View

__all__ = ["ViewWidget", "widget_bundle"]

_WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"


class ViewWidget(anywidget.AnyWidget):
    """Shows one view in a page.

    Args:
        view: what it shows.
    """

    # Defaults only: each view brings its script, and both are read when the first view is shown.
    _esm = "export default { render() {} }"
    _css = ""
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, view: View) -> None:
        super().__init__(_esm=_script(view.script), _css=_static("views.css"), state=view.state())
        self._view = view
        self.on_msg(self._hear)

    def _hear(self, _widget: Any, question: Any, _buffers: Any) -> None:
        self.send({"number": question.get("number"), "answer": self._view.answer(question)})


@lru_cache
def _static(name: str) -> str:
    return (files("dockmagic.notebook") / "static" / name).read_text("utf-8")


def _script(name: str) -> str:
    # A page cannot import one script from another without a server, so what they share stands before each.
    return _static("changes.js") + _static(name)


def widget_bundle(view: View) -> dict[str, Any]:
    """The part of a display that a widget manager draws."""
    widget = ViewWidget(view)
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return {_WIDGET_TYPE: data[_WIDGET_TYPE]} if data else {}
