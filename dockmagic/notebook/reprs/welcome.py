"""The card that ``%docker`` alone shows: what is here, and three cells to run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic import __version__
from dockmagic.notebook import html
from dockmagic.notebook.text import count

if TYPE_CHECKING:
    from dockmagic.engine import Engine

__all__ = ["Welcome"]

_NEXT = (
    ("img = %pull ubuntu", "fetch an image"),
    ("%layers ubuntu", "see what it is made of"),
    ('img / "etc/os-release"', "open a file in it"),
)
_NEXT_WITH_IMAGES = (
    ("%images", "list what is here"),
    ("%layers {name}", "see what it is made of"),
    ("%docker --help", "see all commands"),
)


class Welcome:
    """Where images are kept, whether a network seems to be there, and what to do next."""

    def __init__(self, engine: Engine) -> None:
        self._root = str(engine.home.root)
        names = [image.ref.familiar for image in engine.store.names() if image.ref is not None]
        self._count = len(names)
        cells = _NEXT_WITH_IMAGES if names else _NEXT
        self._cells = tuple((cell.replace("{name}", names[0] if names else ""), why) for cell, why in cells)
        self._samples = getattr(engine, "samples", None) is not None

    @property
    def _facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Store", f"{self._root} ({count(self._count, 'name')})"),
            ("Network", _network()),
            (
                "Samples",
                "on: they stand in for docker.io" if self._samples else "off (%docker samples on needs no network)",
            ),
        )

    def __repr__(self) -> str:
        width = max(len(cell) for cell, _ in self._cells)
        lines = [f"dockmagic {__version__}", *(f"  {name + ':':<9}{value}" for name, value in self._facts), "Run next:"]
        return "\n".join([*lines, *(f"  {cell:<{width}}   # {why}" for cell, why in self._cells)])

    def _repr_html_(self) -> str:
        cells = html.table([html.code(cell), html.muted(why)] for cell, why in self._cells)
        return html.join(
            html.div(html.bold("dockmagic"), " ", html.muted(__version__)),
            html.facts((name, html.text(value)) for name, value in self._facts),
            html.div(html.muted("Run next"), style="margin-top:6px"),
            cells,
        )


def _network() -> str:
    import socket

    # Choosing a route for a datagram sends nothing; it fails where there is no way out.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "offline"
    return "online"
