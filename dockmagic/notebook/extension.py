"""Load and unload the extension: magics, completion, the reading of ``?`` and ``;``, and reprs of domain objects."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.cmdline.index import CELL_MAGICS, MAGICS
from dockmagic.oci.errors import NotSupported

from .completion.completer import Completion
from .magics.docker import DockMagics
from .magics.transform import line_transform
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from dockmagic.engine import Engine

__all__ = ["current_engine", "load", "unload"]

#: Classes by module and name, and the module and function here that show them; nothing is imported for it.
_CARDS: Final = {
    ("dockmagic.image.layer", "Layer"): ("reprs.image", "layer"),
    ("dockmagic.image.layer", "Layers"): ("reprs.image", "layers"),
    ("dockmagic.image.path", "ImagePath"): ("reprs.image", "image_path"),
    ("dockmagic.layer.tree", "FileTree"): ("reprs.image", "file_tree"),
    ("dockmagic.runtime.container", "Container"): ("reprs.container", "container"),
    ("dockmagic.runtime.path", "ContainerPath"): ("reprs.container", "container_path"),
    ("dockmagic.engine.job", "Job"): ("views.job", "job"),
    ("dockmagic.notebook.terminals.terminal", "LiveSession"): ("views.screen", "live_session"),
}
_IMAGE: Final = ("dockmagic.image.image", "Image")
_DIFF: Final = ("dockmagic.image.analysis.diff", "Diff")
_KEY: Final = "dockmagic.notebook.extension"


def load(shell: InteractiveShell) -> None:
    """Install everything; a second time does nothing."""
    if _KEY in shell.meta:
        return
    magics = DockMagics(shell)
    manager = shell.magics_manager
    shell.register_magics(magics)
    manager.register_function(magics.cell, "cell", "docker")
    for verb in MAGICS:
        manager.register_function(magics.short(verb), "line", verb)
    for verb in CELL_MAGICS:
        manager.register_function(magics.short_cell(verb), "cell", verb)
    completion = Completion(shell, magics)
    shell.Completer.custom_matchers.append(completion)
    transform = line_transform(("docker", *MAGICS))
    shell.input_transformer_manager.token_transformers.append(transform)
    _register_cards(shell, magics)
    shell.meta[_KEY] = (magics, completion, transform)


def current_engine() -> Engine:
    """The engine of this notebook's magics, with the same images, containers and samples.

    Raises:
        NotSupported: there is no notebook, or the extension is not loaded.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or _KEY not in shell.meta:
        raise NotSupported("the magics are not loaded here", hint="Load them first: %load_ext dockmagic")
    magics: DockMagics = shell.meta[_KEY][0]
    return magics.engine


def unload(shell: InteractiveShell) -> None:
    """Take everything out; a shell without it stays as it is."""
    if _KEY not in shell.meta:
        return
    magics, completion, transform = shell.meta.pop(_KEY)
    table = shell.magics_manager.magics
    for name in ("docker", "browse", *MAGICS):
        table["line"].pop(name, None)
    for name in ("docker", *CELL_MAGICS):
        table["cell"].pop(name, None)
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    shell.Completer.custom_matchers.remove(completion)
    shell.input_transformer_manager.token_transformers.remove(transform)
    for module, name in (*_CARDS, _IMAGE, _DIFF):
        _forget(_formatter(shell), module, name)
    magics.close()


def _register_cards(shell: InteractiveShell, magics: DockMagics) -> None:
    formatter = _formatter(shell)
    for (module, name), card in _CARDS.items():
        formatter.for_type_by_name(module, name, _card(*card))
    formatter.for_type_by_name(*_IMAGE, lambda image, **_: magics.show_image(image))
    formatter.for_type_by_name(*_DIFF, lambda diff, **wanted: _diff_view(diff)._repr_mimebundle_(**wanted))


def _formatter(shell: InteractiveShell) -> Any:
    return shell.display_formatter.mimebundle_formatter  # type: ignore[union-attr]  # every shell has one


def _card(module: str, name: str) -> Callable[..., dict[str, str]]:
    def show(shown: Any, **_: Any) -> dict[str, str]:
        cards = import_module(f"dockmagic.notebook.{module}")
        bundle: dict[str, str] = getattr(cards, name)(shown)
        return bundle | {"text/plain": printable(bundle["text/plain"])}

    return show


def _diff_view(diff: Any) -> Any:
    from .views.diff import DiffView

    return DiffView.of(diff)


def _forget(formatter: Any, module: str, name: str) -> None:
    # A class that has been shown has moved from the deferred printers, which go by name, to those by type.
    formatter.deferred_printers.pop((module, name), None)
    for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == (module, name)]:
        formatter.pop(kind)
