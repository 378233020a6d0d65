"""From a view to a page and back: an anywidget that holds the view's state and carries the page's questions."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    _Answer = Callable[[dict[str, Any]], dict[str, Any]]

__all__ = ["ViewWidget", "widget_bundle"]

_WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"


class ViewWidget(anywidget.AnyWidget):
    """Shows one view in a page.

    Args:
        script: name of the script in ``static/`` that draws it.
        state: what the page is given at the start; plain data.
        answer: answers what the page asks; plain data both ways.
    """

    # Defaults only: each view brings its script, and both are read when the first view is shown.
    _esm = "export default { render() {} }"
    _css = ""
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, script: str, state: Mapping[str, Any], answer: _Answer) -> None:
        super().__init__(_esm=_script(script), _css=_static("views.css"), state=state)
        self._answer = answer
        self.on_msg(self.hear)

    def bundle(self) -> dict[str, Any]:
        """The part of a display that a widget manager draws."""
        found = self._repr_mimebundle_()
        data = found[0] if isinstance(found, tuple) else found
        return {_WIDGET_TYPE: data[_WIDGET_TYPE]} if data else {}

    def hear(self, _widget: Any, question: Any, _buffers: Any) -> None:
        """Answer one question of a page."""
        self.send({"number": question.get("number"), "answer": self._answer(question)})


@lru_cache
def _static(name: str) -> str:
    return (files("dockmagic.notebook") / "static" / name).read_text("utf-8")


def _script(name: str) -> str:
    # A page cannot import one script from another without a server, so what they share stands before each.
    return _static("changes.js") + _static("tree.js") + _static(name)


def widget_bundle(script: str, state: Mapping[str, Any], answer: _Answer) -> dict[str, Any]:
    """The part of a display that a widget manager draws; see `ViewWidget`."""
    return ViewWidget(script, state, answer).bundle()
